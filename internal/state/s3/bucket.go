package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"aliasctl/internal/state"
)

const (
	// tryTimeout is the time for one request, and slowest (bytes a second)
	// what its body adds to that.
	tryTimeout = 30 * time.Second
	slowest    = 1 << 20
	// markKey is the metadata by which a writer knows what it wrote itself.
	markKey = "Aliasctl-Write"
)

// bucket is the few requests that are made to an S3 store: each is one try,
// and each error a *state.StoreError.
type bucket struct {
	core    *minio.Core
	name    string
	secrets func() []string // that no message may hold
}

func newBucket(u objectURL) (*bucket, error) {
	creds := newChain()
	transport, err := minio.DefaultTransport(u.secure)
	if err != nil {
		return nil, err
	}
	core, err := minio.NewCore(u.endpoint, &minio.Options{
		Creds:      credentials.New(creds),
		Secure:     u.secure,
		Region:     u.region,
		Transport:  honest{transport},
		MaxRetries: 1, // a write must not be repeated without a look
	})
	if err != nil {
		return nil, err
	}
	core.SetAppInfo("aliasctl", "1")
	return &bucket{core: core, name: u.bucket, secrets: creds.secrets}, nil
}

// get reads an object of at most so many bytes. No object is no error but an
// empty etag.
func (b *bucket) get(ctx context.Context, key string, most int64) (state.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration(most/slowest)*time.Second)
	defer cancel()
	body, info, header, err := b.core.GetObject(ctx, b.name, key, minio.GetObjectOptions{})
	if err != nil {
		return b.unlessAbsent(err)
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil {
		return state.Object{}, b.explain(err)
	}
	if int64(len(data)) > most {
		return state.Object{}, &state.StoreError{Message: fmt.Sprintf("the object has more than %d bytes", most)}
	}
	return state.Object{Revision: info.ETag, Mark: header.Get("X-Amz-Meta-" + markKey), Body: data, Age: age(header)}, nil
}

// stat is get without the body.
func (b *bucket) stat(ctx context.Context, key string) (state.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	info, err := b.core.StatObject(ctx, b.name, key, minio.StatObjectOptions{})
	if err != nil {
		return b.unlessAbsent(err)
	}
	return state.Object{Revision: info.ETag, Mark: info.Metadata.Get("X-Amz-Meta-" + markKey)}, nil
}

func (b *bucket) unlessAbsent(err error) (state.Object, error) {
	told := b.explain(err)
	if told.Status == http.StatusNotFound && told.Code == minio.NoSuchKey {
		return state.Object{}, nil
	}
	return state.Object{}, told
}

// put writes an object on a condition: that there is none if the etag is "",
// else that it still has this one.
func (b *bucket) put(ctx context.Context, key, etag string, body []byte, mark string) (now string, err error) {
	opts := minio.PutObjectOptions{ContentType: "application/json"}
	if mark != "" {
		opts.UserMetadata = map[string]string{markKey: mark}
	}
	if etag == "" {
		opts.SetMatchETagExcept("*")
	} else {
		opts.SetMatchETag(etag)
	}
	return b.send(ctx, key, body, opts)
}

func (b *bucket) send(ctx context.Context, key string, body []byte, opts minio.PutObjectOptions) (etag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration(len(body)/slowest)*time.Second)
	defer cancel()
	// With the sums of the whole body the request is a plain one, which every
	// store understands, and a body that was damaged on its way is refused.
	opts.DisableContentSha256 = true // in pieces, that is
	short, long := md5.Sum(body), sha256.Sum256(body)
	info, err := b.core.PutObject(ctx, b.name, key, bytes.NewReader(body), int64(len(body)),
		base64.StdEncoding.EncodeToString(short[:]), hex.EncodeToString(long[:]), opts)
	if err != nil {
		return "", b.explain(err)
	}
	if info.ETag == "" {
		return "", &state.StoreError{Message: "it gives objects no ETag"}
	}
	return info.ETag, nil
}

func (b *bucket) remove(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	if err := b.core.RemoveObject(ctx, b.name, key, minio.RemoveObjectOptions{}); err != nil {
		return b.explain(err)
	}
	return nil
}

// explain turns an error of the client library into one that says what the
// store said, without anything secret: a server may echo what it was sent.
func (b *bucket) explain(err error) *state.StoreError {
	var told *state.StoreError
	if errors.As(err, &told) {
		return told
	}
	var missing *CredentialsError
	if errors.As(err, &missing) {
		return &state.StoreError{Code: "NoCredentials", Message: missing.Error(), Advice: missing.Hint(), Err: missing}
	}
	e := &state.StoreError{}
	if said := minio.ToErrorResponse(err); said.StatusCode != 0 {
		e.Status, e.Code, e.Message = said.StatusCode, said.Code, said.Error()
	} else {
		var request *url.Error
		if errors.As(err, &request) {
			err = request.Err
		}
		e.Message, e.Err = err.Error(), err
	}
	// Before anything is struck out: a short secret may be part of a code.
	e.Class, e.Advice = classOf(e), adviceOn(e)
	for _, secret := range b.secrets() {
		if strings.Contains(e.Code+e.Message, secret) {
			e.Code, e.Message = strings.ReplaceAll(e.Code, secret, "***"), strings.ReplaceAll(e.Message, secret, "***")
			e.Err = errors.New("what it said held a credential")
		}
	}
	e.Code, e.Message = state.Excerpt(e.Code, 60), state.Excerpt(e.Message, 300)
	return e
}

// age is the time between the last write of an object and the answer that
// tells it, both by the clock of the store; 0 where it does not tell.
func age(header http.Header) time.Duration {
	written, err := http.ParseTime(header.Get("Last-Modified"))
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	return max(0, now.Sub(written))
}

// honest keeps a web server that is no S3 store from passing for a store
// without the object: a wrong endpoint would look like a first run. Every
// store names the code in the body.
type honest struct{ http.RoundTripper }

func (h honest) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := h.RoundTripper.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusNotFound || r.Method == http.MethodHead {
		return resp, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(body, []byte("<Code>")) {
		return nil, &state.StoreError{Status: resp.StatusCode, Message: "it does not answer as an S3 store does; is the endpoint right?", Advice: checkEndpoint}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
