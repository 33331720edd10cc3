package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/encrypt"

	"aliasctl/internal/input"
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
	core       *minio.Core
	wire       *wire
	name       string
	encryption encrypt.ServerSide // nil for that of the bucket
	secrets    func() []string    // that no message may hold
}

func newBucket(u objectURL) (*bucket, error) {
	chain := newChain()
	creds := credentials.New(chain)
	transport, err := minio.DefaultTransport(u.secure)
	if err != nil {
		return nil, err
	}
	w := &wire{RoundTripper: transport, creds: creds}
	core, err := minio.NewCore(u.endpoint, &minio.Options{
		Creds:        creds,
		Secure:       u.secure,
		Region:       u.region,
		BucketLookup: u.lookup,
		Transport:    w,
		MaxRetries:   1, // a write must not be repeated without a look
	})
	if err != nil {
		return nil, err
	}
	core.SetAppInfo("aliasctl", "1")
	b := &bucket{core: core, wire: w, name: u.bucket, secrets: chain.secrets}
	switch u.sse {
	case "AES256":
		b.encryption = encrypt.NewSSE()
	case "aws:kms":
		b.encryption, err = encrypt.NewSSEKMS(u.kmsKey, nil)
	}
	return b, err
}

// readTries is how often an object is read that does not fit its ETag.
const readTries = 4

// read reads an object of at most so many bytes. No object is no error but an
// empty revision.
//
// A server may be caught in the middle of a write: some give the new body with
// the ETag of the old one, or with none, or half a body. So what is read is
// believed when its MD5 is its ETag. Where the ETag is no MD5, as with keys of
// KMS, it is believed when two reads agree.
func (b *bucket) read(ctx context.Context, key string, most int64) (state.Object, error) {
	var last state.Object
	for try := 1; ; try++ {
		there, err := b.get(ctx, key, most)
		if err != nil || there.Revision == "" && there.Body == nil {
			return there, err
		}
		sum := md5.Sum(there.Body)
		switch {
		case there.Revision == hex.EncodeToString(sum[:]),
			there.Revision != "" && there.Revision == last.Revision && bytes.Equal(there.Body, last.Body):
			return there, nil
		case try == readTries && there.Revision == "":
			return state.Object{}, &state.StoreError{Message: "it gives the object no ETag", Advice: "keep the state in a store that gives objects an ETag: without it two runs overwrite each other"}
		case try == readTries:
			return state.Object{}, &state.StoreError{Class: state.Busy, Message: "the object does not fit its ETag, in four reads: it changes all the time"}
		}
		last = there
		select {
		case <-ctx.Done():
			return state.Object{}, b.explain(ctx.Err(), reading)
		case <-time.After(time.Duration(try) * 20 * time.Millisecond):
		}
	}
}

// get reads an object as the server gives it, once.
func (b *bucket) get(ctx context.Context, key string, most int64) (state.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout+time.Duration(most/slowest)*time.Second)
	defer cancel()
	body, info, header, err := b.core.GetObject(ctx, b.name, key, minio.GetObjectOptions{})
	if err != nil {
		return b.unlessAbsent(err)
	}
	defer body.Close()
	data, err := input.Body(body, info.Size, most)
	switch {
	case input.IsTooLarge(err):
		return state.Object{}, state.TooLarge(err)
	case err != nil:
		return state.Object{}, b.explain(err, reading)
	}
	return state.Object{Revision: info.ETag, Mark: header.Get("X-Amz-Meta-" + markKey), Body: data, Age: state.Age(header)}, nil
}

// stat is read without the body.
func (b *bucket) stat(ctx context.Context, key string) (state.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	info, err := b.core.StatObject(ctx, b.name, key, minio.StatObjectOptions{})
	if err != nil {
		return b.unlessAbsent(err)
	}
	if info.ETag == "" {
		return state.Object{}, &state.StoreError{Class: state.Busy, Message: "it gives the object no ETag"}
	}
	return state.Object{Revision: info.ETag, Mark: info.Metadata.Get("X-Amz-Meta-" + markKey)}, nil
}

func (b *bucket) unlessAbsent(err error) (state.Object, error) {
	if errors.Is(err, errDeleted) {
		return state.Object{Deleted: true}, nil
	}
	told := b.explain(err, reading)
	// Not by its code, in which a short secret may have been struck out.
	if told.Status == http.StatusNotFound && told.Class == state.Refused {
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
	opts.ServerSideEncryption = b.encryption
	short, long := md5.Sum(body), sha256.Sum256(body)
	info, err := b.core.PutObject(ctx, b.name, key, bytes.NewReader(body), int64(len(body)),
		base64.StdEncoding.EncodeToString(short[:]), hex.EncodeToString(long[:]), opts)
	if err != nil {
		return "", b.explain(err, writing)
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
		return b.explain(err, removing)
	}
	return nil
}

// explain turns an error of the client library into one with the answer of the
// store, without anything secret: a server may echo what it was sent.
func (b *bucket) explain(err error, doing doing) *state.StoreError {
	var told *state.StoreError
	if errors.As(err, &told) {
		return told
	}
	var missing *CredentialsError
	if errors.As(err, &missing) {
		return &state.StoreError{Code: "NoCredentials", Message: missing.Error(), Advice: missing.Hint(), Err: missing}
	}
	e := &state.StoreError{}
	region := ""
	if said := minio.ToErrorResponse(err); said.StatusCode != 0 {
		e.Status, e.Code, e.Message, region = said.StatusCode, said.Code, said.Error(), said.Region
	} else {
		var request *url.Error
		if errors.As(err, &request) {
			err = request.Err
		}
		e.Message, e.Err = err.Error(), err
	}
	// Before anything is struck out: a short secret may be part of a code.
	e.Class, e.Advice = classOf(e), adviceOn(e, doing, region)
	for _, secret := range b.secrets() {
		if strings.Contains(e.Code+e.Message, secret) {
			e.Code, e.Message = strings.ReplaceAll(e.Code, secret, "***"), strings.ReplaceAll(e.Message, secret, "***")
			e.Err = errors.New("what it said held a credential")
		}
	}
	e.Code, e.Message = state.Excerpt(e.Code, 60), state.Excerpt(e.Message, 300)
	return e
}
