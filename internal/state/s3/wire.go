package s3

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"

	"aliasctl/internal/state"
)

// wire is what requests and answers pass through.
type wire struct {
	http.RoundTripper
	creds *credentials.Credentials
	// bare sends the ETag of If-Match without quotes. Ceph's gateway gives an
	// ETag with quotes and takes it only without; the client library knows one
	// form.
	bare atomic.Bool
	// server is what the server calls itself.
	server atomic.Pointer[string]
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if match := r.Header.Get("If-Match"); match != "" && w.bare.Load() {
		var err error
		if r, err = w.withoutQuotes(r, match); err != nil {
			return nil, err
		}
	}
	resp, err := w.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if server := resp.Header.Get("Server"); server != "" {
		w.server.Store(&server)
	}
	return honest(r, resp)
}

// withoutQuotes signs the request again: the header is part of the signature.
func (w *wire) withoutQuotes(r *http.Request, match string) (*http.Request, error) {
	// Credential=KEY/DATE/REGION/s3/aws4_request
	scope := strings.Split(r.Header.Get("Authorization"), "/")
	if len(scope) < 5 {
		return r, nil
	}
	creds, err := w.creds.GetWithContext(nil)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("If-Match", strings.Trim(match, `"`))
	return signer.SignV4(*r, creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken, scope[len(scope)-3]), nil
}

// errDeleted is the answer to a read of what was deleted in a bucket with versions.
var errDeleted = errors.New("the latest version is a delete marker")

// honest keeps a web server that is no S3 store from passing for a store
// without the object: a wrong endpoint would look like a first run. Every
// store names the code in the body.
func honest(r *http.Request, resp *http.Response) (*http.Response, error) {
	if resp.StatusCode == http.StatusNotFound && (r.Method == http.MethodGet || r.Method == http.MethodHead) && resp.Header.Get("X-Amz-Delete-Marker") == "true" {
		resp.Body.Close()
		return nil, errDeleted
	}
	if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusBadRequest || r.Method == http.MethodHead {
		return resp, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusBadRequest && bytes.Contains(body, []byte("HTTP request to an HTTPS server")):
		return nil, &state.StoreError{Status: resp.StatusCode, Message: "the endpoint speaks https", Advice: "leave insecure=true out of --state, and http:// out of its endpoint"}
	case resp.StatusCode == http.StatusNotFound && !bytes.Contains(body, []byte("<Code>")):
		return nil, &state.StoreError{Status: resp.StatusCode, Message: "it does not answer as an S3 store does; is the endpoint right?", Advice: checkEndpoint}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
