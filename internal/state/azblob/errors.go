package azblob

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"aliasctl/internal/state"
)

// doing is what a request was for.
type doing int

const (
	reading doing = iota
	writing
	removing
	locking
)

// actions are the permissions that each needs, of a role and of a SAS.
var actions = map[doing]string{
	reading:  "blobs/read (r)",
	writing:  "blobs/write (c and w)",
	removing: "blobs/delete (d)",
	locking:  "blobs/write (w)",
}

// classes are those of the codes that are not Final. The status does not tell:
// 409 is a blob that exists, a lease of another run, or a container on its way
// out; 412 is another version, or a lease that was lost.
var classes = map[bloberror.Code]state.Class{
	bloberror.ConditionNotMet:                   state.Refused,
	bloberror.TargetConditionNotMet:             state.Refused,
	bloberror.BlobAlreadyExists:                 state.Refused,
	bloberror.BlobNotFound:                      state.Refused,
	bloberror.LeaseIDMismatchWithLeaseOperation: state.Refused,
	bloberror.LeaseNotPresentWithLeaseOperation: state.Refused,
	bloberror.LeaseIsBrokenAndCannotBeRenewed:   state.Refused,
	bloberror.LeaseAlreadyBroken:                state.Refused,
	bloberror.ServerBusy:                        state.Doubtful,
	bloberror.OperationTimedOut:                 state.Doubtful,
	bloberror.InternalError:                     state.Doubtful,
	bloberror.MD5Mismatch:                       state.Busy,
	bloberror.CRC64Mismatch:                     state.Busy,
}

func isRefused(err error) bool {
	e := (*state.StoreError)(nil)
	return errors.As(err, &e) && e.Class == state.Refused
}

// explain turns an error of the SDK into one with the answer of the service,
// without anything secret.
func (c *client) explain(err error, doing doing) *state.StoreError {
	answer, token, plain := (*azcore.ResponseError)(nil), (*azidentity.AuthenticationFailedError)(nil), (*state.StoreError)(nil)
	lacking := interface{ NonRetriable() }(nil)
	switch {
	case errors.As(err, &plain):
		return plain
	case errors.As(err, &token):
		return c.untold(token)
	case errors.As(err, &answer):
		return c.refusal(answer, doing)
	case errors.As(err, &lacking):
		return &state.StoreError{Code: "NoCredentials", Message: "there are no credentials for Azure", Err: err,
			Advice: "run `az login`, set AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret or a federated token, run where a managed identity is attached, or set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING"}
	}
	e := state.Unanswered(err)
	e.Message = c.clean(e.Message)
	if e.Advice != "" && e.Class == state.Final {
		e.Advice = "check ACCOUNT and endpoint in --state"
	}
	return e
}

// untold is the error of a token that could not be had.
func (c *client) untold(err *azidentity.AuthenticationFailedError) *state.StoreError {
	e := &state.StoreError{Code: "NoToken", Message: "Azure gives no token for the credentials", Err: err,
		Advice: "check the credentials: `az account get-access-token --resource https://storage.azure.com` has to print a token; AZURE_STORAGE_KEY and AZURE_STORAGE_SAS_TOKEN work without"}
	network := (*url.Error)(nil)
	if r := err.RawResponse; r != nil && (r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests) || errors.As(err, &network) {
		e.Class = state.Busy // nothing was asked of the store
	}
	return e
}

func (c *client) refusal(answer *azcore.ResponseError, doing doing) *state.StoreError {
	code := bloberror.Code(answer.ErrorCode)
	e := &state.StoreError{Status: answer.StatusCode, Code: string(code), Message: http.StatusText(answer.StatusCode), Err: answer}
	if r := answer.RawResponse; r != nil {
		e.RetryAfter = state.RetryAfter(r.Header)
		var told struct{ Message string }
		if body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10)); err == nil && xml.Unmarshal(body, &told) == nil && told.Message != "" {
			e.Message, _, _ = strings.Cut(told.Message, "\n") // the rest is for Microsoft's support
		}
	}
	class, known := classes[code]
	switch {
	case known:
		e.Class = class
	case e.Status == http.StatusTooManyRequests:
		e.Class = state.Busy
	case code == "" && (e.Status == http.StatusRequestTimeout || e.Status >= 500 && e.Status != http.StatusNotImplemented), e.Status >= 500 && code != "":
		e.Class = state.Doubtful
	}
	switch code {
	case bloberror.LeaseIDMismatchWithBlobOperation, bloberror.LeaseLost, bloberror.LeaseNotPresentWithBlobOperation:
		e.Message, e.Err = "the lease is another run's now, or was released", &state.LostError{Broken: true}
	case bloberror.LeaseIDMissing:
		e.Message, e.Err = "another run holds the lock of the state", nil
	}
	e.Advice = adviceOn(e, code, doing)
	e.Code, e.Message = state.Excerpt(c.clean(e.Code), 60), state.Excerpt(c.clean(e.Message), 300)
	if c.clean(answer.Error()) != answer.Error() && e.Err == answer {
		e.Err = nil
	}
	return e
}

// adviceOn reports what to look at. It names no permission that is not needed.
func adviceOn(e *state.StoreError, code bloberror.Code, doing doing) string {
	switch code {
	case bloberror.ContainerNotFound, bloberror.ContainerBeingDeleted, bloberror.ContainerDisabled:
		return "create the container, or check its name in --state"
	case bloberror.OutOfRangeInput, bloberror.InvalidResourceName:
		return "check the container and the key in --state"
	case bloberror.AuthorizationPermissionMismatch, bloberror.InsufficientAccountPermissions, bloberror.UnauthorizedBlobOverwrite:
		return "assign the role \"Storage Blob Data Contributor\" on the container, or give the SAS more permissions; this request needs " + actions[doing]
	case bloberror.AuthenticationFailed:
		return "check AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN (it may have expired), and the clock of this machine"
	case bloberror.AuthorizationFailure, bloberror.AuthorizationSourceIPMismatch:
		return "check AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN (it may have expired), and that the firewall of the account lets this machine in"
	case bloberror.InvalidAuthenticationInfo, bloberror.NoAuthenticationInformation, "PublicAccessNotPermitted":
		return "check the credentials: `az login`, AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING"
	case "KeyBasedAuthenticationNotPermitted":
		return "the account takes no keys: unset AZURE_STORAGE_KEY and AZURE_STORAGE_CONNECTION_STRING, and `az login`"
	case bloberror.LeaseIDMissing:
		return "see `aliasctl lock show`, and wait for that run with --lock-timeout"
	case bloberror.BlobImmutableDueToPolicy:
		return "take a container without an immutability policy: a state is overwritten in place"
	case bloberror.InvalidHeaderValue:
		return "azurite has to be started with --skipApiVersionCheck: it refuses requests of this version of Azure's API"
	}
	switch {
	case e.Class == state.Busy || e.Class == state.Doubtful:
		return "run the same command again when the store answers"
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		return "check the credentials, and the role \"Storage Blob Data Contributor\" on the container; this request needs " + actions[doing]
	case code == "":
		return "check ACCOUNT and endpoint in --state: it does not answer as Azure Blob Storage does"
	}
	return ""
}
