package s3

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"

	"aliasctl/internal/state"
)

// classOf says what an answer means for the request. 404 is the answer to a
// conditional write where the object to replace is gone; that of a missing
// bucket is none. 409 is S3's word for two conditional writes at the same
// moment.
func classOf(e *state.StoreError) state.Class {
	switch e.Status {
	case 0: // the network, or something of our own without a cause
		var certificate *tls.CertificateVerificationError
		if e.Err == nil || errors.As(e.Err, &certificate) {
			return state.Final
		}
		return state.Doubtful
	case http.StatusPreconditionFailed:
		return state.Refused
	case http.StatusNotFound:
		if e.Code == "NoSuchKey" {
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

// adviceOn says what to look at.
func adviceOn(e *state.StoreError) string {
	switch {
	case e.Code == "NoSuchBucket":
		return "create the bucket, or check its name and the endpoint in --state"
	case e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized:
		return "check the credentials, and that they may read, write and delete in the bucket of --state"
	case e.Status == 0 || e.Status == http.StatusNotFound:
		return checkEndpoint
	}
	return ""
}

// CredentialsError says that there are no credentials for an S3 store.
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
