package state

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
)

const (
	// mostObject bounds what is read: a state of a million aliases has a fifth
	// of it.
	mostObject = 1 << 30
	// tryTimeout is the time for one request, and slowest (bytes a second)
	// what its body adds to that.
	tryTimeout = 30 * time.Second
	slowest    = 1 << 20
	patience   = 10 * time.Second
	// markKey is the metadata by which a writer knows what it wrote itself.
	markKey = "Aliasctl-Write"
)

// bucket is the few requests that are made to an S3 store: each is one try,
// and each error a *StoreError. What follows from an error is the business of
// register.
type bucket struct {
	core     *minio.Core
	name     string
	secrets  func() []string // that no message may hold
	patience time.Duration   // how long failures that may pass are tried again
}

// stored is an object as a store tells it.
type stored struct {
	etag string // "" for no object
	mark string // of the write that made it
	body []byte
	age  time.Duration // since that write, by the clock of the store
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
	return &bucket{core: core, name: u.bucket, secrets: creds.secrets, patience: patience}, nil
}

// get reads an object of at most so many bytes. No object is no error but an
// empty etag.
func (b *bucket) get(ctx context.Context, key string, most int64) (stored, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration(most/slowest)*time.Second)
	defer cancel()
	body, info, header, err := b.core.GetObject(ctx, b.name, key, minio.GetObjectOptions{})
	if err != nil {
		return b.unlessAbsent(err)
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil {
		return stored{}, b.explain(err)
	}
	if int64(len(data)) > most {
		return stored{}, &StoreError{Message: fmt.Sprintf("the object has more than %d bytes", most)}
	}
	return stored{etag: info.ETag, mark: header.Get("X-Amz-Meta-" + markKey), body: data, age: age(header)}, nil
}

// stat is get without the body.
func (b *bucket) stat(ctx context.Context, key string) (stored, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	info, err := b.core.StatObject(ctx, b.name, key, minio.StatObjectOptions{})
	if err != nil {
		return b.unlessAbsent(err)
	}
	return stored{etag: info.ETag, mark: info.Metadata.Get("X-Amz-Meta-" + markKey)}, nil
}

func (b *bucket) unlessAbsent(err error) (stored, error) {
	told := b.explain(err)
	if told.Status == http.StatusNotFound && told.Code == minio.NoSuchKey {
		return stored{}, nil
	}
	return stored{}, told
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

// overwrite writes an object whatever is there.
func (b *bucket) overwrite(ctx context.Context, key string, body []byte) error {
	_, err := b.send(ctx, key, body, minio.PutObjectOptions{ContentType: "application/json"})
	return err
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
		return "", &StoreError{Message: "it gives objects no ETag"}
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
func (b *bucket) explain(err error) *StoreError {
	var told *StoreError
	if errors.As(err, &told) {
		return told
	}
	var missing *CredentialsError
	if errors.As(err, &missing) {
		return &StoreError{Code: "NoCredentials", Message: missing.Error(), Err: missing}
	}
	e := &StoreError{}
	if said := minio.ToErrorResponse(err); said.StatusCode != 0 {
		e.Status, e.Code, e.Message = said.StatusCode, said.Code, said.Error()
	} else {
		var request *url.Error
		if errors.As(err, &request) {
			err = request.Err
		}
		e.Message, e.Err = err.Error(), err
	}
	for _, secret := range b.secrets() {
		if strings.Contains(e.Code+e.Message, secret) {
			e.Code, e.Message = strings.ReplaceAll(e.Code, secret, "***"), strings.ReplaceAll(e.Message, secret, "***")
			e.Err = errors.New("what it said held a credential")
		}
	}
	e.Code, e.Message = excerptOf(e.Code, 60), excerptOf(e.Message, 300)
	return e
}

// excerptOf is the beginning of a text from outside, in printable characters.
func excerptOf(text string, most int) string {
	if len(text) > most {
		text = text[:most] + "..."
	}
	return strings.Map(printable, strings.ToValidUTF8(text, ""))
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
		return nil, &StoreError{Status: resp.StatusCode, Message: "it does not answer as an S3 store does; is the endpoint right?"}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
