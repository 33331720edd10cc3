package gs

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"aliasctl/internal/state"
)

// doing is what a request was for.
type doing int

const (
	reading doing = iota
	writing
	removing
	listing
)

// permissions are what each needs; the role storage.objectUser has them all.
var permissions = map[doing]string{
	reading:  "storage.objects.get, and storage.objects.list: without that a missing state is answered with 403 too",
	writing:  "storage.objects.create, and storage.objects.delete to overwrite",
	removing: "storage.objects.delete",
	listing:  "storage.objects.list",
}

// limits are the reasons of a 403 that means 429.
var limits = []string{"rateLimitExceeded", "userRateLimitExceeded"}

// refusal is a status that is no success, as an error.
func (c *client) refusal(r reply, doing doing) *state.StoreError {
	e := &state.StoreError{Status: r.status, RetryAfter: state.RetryAfter(r.header)}
	var told struct {
		Error struct {
			Message string `json:"message"`
			Errors  []struct {
				Reason string `json:"reason"`
			} `json:"errors"`
		} `json:"error"`
	}
	if json.Unmarshal(r.body, &told) == nil {
		e.Message = told.Error.Message
		if len(told.Error.Errors) > 0 {
			e.Code = told.Error.Errors[0].Reason
		}
	}
	if e.Message == "" {
		e.Message = cmp.Or(strings.TrimSpace(string(r.body)), http.StatusText(r.status))
	}
	e.Class = classOf(e)
	e.Advice = adviceOn(e, doing)
	if token, _ := c.hidden.Load().(string); token != "" { // a server may echo what it was sent
		e.Code, e.Message = strings.ReplaceAll(e.Code, token, "***"), strings.ReplaceAll(e.Message, token, "***")
	}
	e.Code, e.Message = state.Excerpt(e.Code, 60), state.Excerpt(e.Message, 300)
	return e
}

// classOf reports what an answer means for the request. 404 is that of a bucket
// that does not exist: of an object, a read takes it for none, and a write on
// its generation is answered with 412.
func classOf(e *state.StoreError) state.Class {
	switch {
	case e.Status == http.StatusPreconditionFailed:
		return state.Refused
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusForbidden && slices.Contains(limits, e.Code):
		return state.Busy
	case e.Status == http.StatusRequestTimeout || e.Status >= 500 && e.Status != http.StatusNotImplemented:
		return state.Doubtful
	}
	return state.Final
}

// adviceOn reports what to look at. It names no permission that is not needed.
func adviceOn(e *state.StoreError, doing doing) string {
	switch {
	case e.Class == state.Busy || e.Status == http.StatusTooManyRequests || e.Status >= 500:
		return "run the same command again when the store answers"
	case e.Code == "retentionPolicyNotMet" || e.Code == "objectUnderActiveHold":
		return "take a bucket without a retention policy: a state is overwritten in place"
	case e.Code == "UserProjectMissing" || e.Code == "required" && e.Status == http.StatusBadRequest:
		return "take a bucket that is not requester-pays"
	case e.Status == http.StatusUnauthorized:
		return "check the credentials: `gcloud auth application-default login`, or the file of GOOGLE_APPLICATION_CREDENTIALS"
	case e.Code == "insufficientPermissions":
		return "give the machine the scope devstorage.read_write"
	case e.Status == http.StatusForbidden:
		return "grant roles/storage.objectUser on the bucket; this request needs " + permissions[doing]
	case e.Status == http.StatusNotFound:
		return "create the bucket, or check its name in --state"
	case e.Status == http.StatusPreconditionFailed:
		return ""
	case e.Status >= 300 && e.Status < 400:
		return "check STORAGE_EMULATOR_HOST, and the proxies between here and the store"
	}
	return ""
}
