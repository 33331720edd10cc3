package state

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// StoreError says what an S3 store answered, or why there was no answer. It
// holds no credential.
type StoreError struct {
	Status  int    // of HTTP; 0 when there was no answer
	Code    string // of S3, as "AccessDenied"; may be ""
	Message string
	Err     error // why there was no answer; may be nil
}

func (e *StoreError) Error() string {
	switch {
	case e.Status == 0:
		return e.Message
	case e.Code == "":
		return fmt.Sprintf("the store answers %d: %s", e.Status, e.Message)
	default:
		return fmt.Sprintf("the store answers %d %s: %s", e.Status, e.Code, e.Message)
	}
}

func (e *StoreError) Unwrap() error { return e.Err }

// Hint says what to look at.
func (e *StoreError) Hint() string {
	var missing *CredentialsError
	switch {
	case errors.As(e.Err, &missing):
		return missing.Hint()
	case e.Code == "NoSuchBucket":
		return "create the bucket, or check its name and the endpoint in --state"
	case e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized:
		return "check the credentials, and that they may read, write and delete in the bucket of --state"
	case e.Status == 0 || e.Status == http.StatusNotFound:
		return "check endpoint, region and insecure in --state"
	}
	return ""
}

// refused says that the condition of a write was not met. 404 is the answer
// where the object to replace is gone; that of a missing bucket is none.
func (e *StoreError) refused() bool {
	return e.Status == http.StatusPreconditionFailed || e.Status == http.StatusNotFound && e.Code == "NoSuchKey"
}

// passing says that the same request may be answered otherwise a little
// later. 409 is S3's word for two conditional writes at the same moment.
func (e *StoreError) passing() bool {
	switch e.Status {
	case 0: // the network, or something of our own without a cause
		return e.Err != nil && !is[*tls.CertificateVerificationError](e.Err) && !is[*CredentialsError](e.Err)
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests, 499:
		return true
	case http.StatusNotImplemented:
		return false
	}
	return e.Status >= 500
}

// doubtful says that a request may have taken effect, now or later.
func (e *StoreError) doubtful() bool {
	switch e.Status {
	case http.StatusConflict, http.StatusTooManyRequests:
		return false
	}
	return e.passing()
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

// UnconditionalError says that a store ignores the conditions of writes: on it
// two runs could overwrite each other and neither would know.
type UnconditionalError struct {
	Path string
	Why  string
}

func (e *UnconditionalError) Error() string {
	return fmt.Sprintf("cannot share state %q on this store: %s; it needs conditional writes, as AWS S3, MinIO, Ceph and versitygw have them", e.Path, e.Why)
}

// RaceError says that somebody else has replaced the state since it was read.
// Nothing was written: a state is never merged.
type RaceError struct {
	Path  string
	First bool // there was none when it was looked for
}

func (e *RaceError) Error() string {
	if e.First {
		return fmt.Sprintf("state %q was not saved: another run has created one since this run looked for it", e.Path)
	}
	return fmt.Sprintf("state %q was not saved: another run has replaced it since this run read it", e.Path)
}

// Hint is for a run that has changed nothing.
func (e *RaceError) Hint() string {
	return "look at what the other run did with `aliasctl state show` and `aliasctl drift`, then run the same command again"
}

// LostError says that a run has lost the lock of the state that it held.
type LostError struct {
	Path string
	// Holder is the run that has it now; the zero value when that is not known.
	Holder Holder
	Broken bool          // somebody has released it by its id
	Lease  time.Duration // for which it could not be renewed, 0 if another run has it
	Err    error         // why it could not be renewed, may be nil
}

func (e *LostError) Error() string {
	told := fmt.Sprintf("the lock of state %q is lost: ", e.Path)
	switch {
	case e.Lease > 0 && e.Err != nil:
		return told + fmt.Sprintf("it could not be renewed within its lease of %s: %v", e.Lease, e.Err)
	case e.Lease > 0:
		return told + fmt.Sprintf("it could not be renewed within its lease of %s", e.Lease)
	case e.Broken:
		return told + "it was released from outside"
	default:
		return told + fmt.Sprintf("it was taken over by %s", e.Holder)
	}
}

func (e *LostError) Unwrap() error { return e.Err }

// IsRace says that a save was refused because somebody else has replaced the
// state since it was read.
func IsRace(err error) bool { return is[*RaceError](err) }

// IsLost says that a run has lost the lock of its state.
func IsLost(err error) bool { return is[*LostError](err) }
