package s3

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"

	"aliasctl/internal/state"
)

// classOf reports what an answer means for the request. 404 is the answer to a
// conditional write where the object to replace is gone; that of a missing
// bucket is none. 409 is S3's word for two conditional writes at the same
// moment. A request that was broken or cut off on its way is a 400 to some stores.
func classOf(e *state.StoreError) state.Class {
	switch e.Code {
	case "RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch":
		return state.Busy
	}
	switch e.Status {
	case 0: // the network, or something of our own without a cause
		var name *net.DNSError
		if e.Err == nil || certificateOf(e.Err) || errors.Is(e.Err, http.ErrSchemeMismatch) || errors.As(e.Err, &name) && name.IsNotFound {
			return state.Final
		}
		return state.Doubtful
	case http.StatusPreconditionFailed:
		return state.Refused
	case http.StatusNotFound:
		if e.Code == minio.NoSuchKey {
			return state.Refused
		}
		return state.Final
	case http.StatusConflict, http.StatusTooManyRequests:
		return state.Busy
	case http.StatusRequestTimeout, 499:
		return state.Doubtful
	case http.StatusNotImplemented:
		return state.Final
	}
	if e.Status >= 500 {
		return state.Doubtful
	}
	return state.Final
}

const checkEndpoint = "check endpoint, region and insecure in --state"

// doing is what a request was for.
type doing int

const (
	reading doing = iota
	writing
	removing
)

// adviceOn reports what to look at. It names no permission that is not needed.
func adviceOn(e *state.StoreError, doing doing, region string) string {
	switch e.Code {
	case "NoSuchBucket":
		return "create the bucket, or check its name and the endpoint in --state"
	case "RequestTimeTooSkewed":
		return "set the clock of this machine: it is more than 15 minutes off that of the store"
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
		return "renew the session: the credentials of AWS_SESSION_TOKEN have expired"
	case "InvalidToken":
		return "check AWS_SESSION_TOKEN: it does not belong to these credentials"
	case "InvalidAccessKeyId":
		return "check the credentials: the store at this endpoint does not know AWS_ACCESS_KEY_ID"
	case "SignatureDoesNotMatch":
		return "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and region in --state"
	case "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect", "InvalidRegion":
		return fmt.Sprintf("the bucket is in another region: set region=%s in --state", cmp.Or(state.Excerpt(region, 40), "REGION"))
	}
	var unknown *net.DNSError
	switch {
	case strings.HasPrefix(e.Code, "KMS."):
		return "check kms_key_id in --state, and allow kms:GenerateDataKey and kms:Decrypt on the key"
	case e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized:
		return "check the credentials, and " + forbidden[doing]
	case e.Status == http.StatusMovedPermanently || e.Status == http.StatusTemporaryRedirect:
		return "check region in --state: the store sends to another place"
	case e.Status == http.StatusPreconditionFailed:
		return "the store shows no object and refuses to create it, as versioned buckets do where it was deleted: bring its last version back (remove its delete marker), then run the same command again"
	case errors.Is(e.Err, http.ErrSchemeMismatch):
		return "the endpoint speaks plain http: add insecure=true to --state, or write http:// before the endpoint in place of https://"
	case certificateOf(e.Err):
		return "the certificate of the endpoint is not trusted: set SSL_CERT_FILE to that of its authority, or check endpoint in --state"
	case errors.As(e.Err, &unknown):
		return "check endpoint in --state; path_style=true keeps the bucket out of the host name"
	case e.Status == 0 || e.Status == http.StatusNotFound:
		return checkEndpoint
	case e.Status >= 500 && e.Status != http.StatusNotImplemented:
		return "look into the log of the store, and run the same command again when it answers"
	}
	return ""
}

var forbidden = map[doing]string{
	reading:  "allow s3:GetObject on the state and on its .lock, and s3:ListBucket on the bucket: without that a missing state is answered with 403 too",
	writing:  "allow s3:PutObject on the state and on its .lock; where the bucket asks for encryption, add sse=AES256 or sse=aws:kms to --state",
	removing: "allow s3:DeleteObject on what begins with the key of the state",
}

func certificateOf(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

// CredentialsError reports that there are no credentials for an S3 store.
type CredentialsError struct {
	Profile string // AWS_PROFILE, may be ""
	Err     error  // why the profile was of no use, may be nil
}

func (e *CredentialsError) Error() string {
	if e.Profile != "" {
		return fmt.Sprintf("no credentials in AWS_PROFILE %q: %v", e.Profile, e.Err)
	}
	return "there are no credentials for the store"
}

// Hint names what is looked for.
func (e *CredentialsError) Hint() string {
	if e.Profile != "" {
		return "check AWS_PROFILE, and the profiles in ~/.aws/credentials or AWS_SHARED_CREDENTIALS_FILE"
	}
	return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, or AWS_PROFILE, or run where an IAM role is attached"
}

func (e *CredentialsError) Unwrap() error { return e.Err }
