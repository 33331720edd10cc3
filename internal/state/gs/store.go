// Package gs keeps states in objects of Google Cloud Storage, over its JSON API.
//
// Every write is an upload on a condition, ifGenerationMatch: a generation is
// the number of one version of an object, and 0 is none. Nothing else is
// relied upon: a lock is renewed and released by uploads too, and no object
// that is shared is ever deleted.
package gs

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"aliasctl/internal/state"
)

// Store is a bucket. Its credentials come from where Google's own tools look
// for them, and are looked for at the first request.
type Store struct {
	bucket  string
	connect func() (*client, error)

	mu    sync.Mutex
	there bool // the bucket was seen
}

var _ state.Store = (*Store)(nil)

// Open takes a location apart, gs://BUCKET/KEY?history=N, where the parameter
// is optional. name is the key of the state, history the copies that the
// location asks for.
func Open(location string) (s *Store, name string, history int, err error) {
	u, err := parseURL(location)
	if err != nil {
		return nil, "", 0, err
	}
	return &Store{bucket: u.bucket, connect: sync.OnceValues(newClient)}, u.key, u.history, nil
}

// objects is the path of the objects of the bucket, or of one.
func (s *Store) objects(name string) string {
	path := "storage/v1/b/" + url.PathEscape(s.bucket) + "/o"
	if name != "" {
		path += "/" + url.PathEscape(name)
	}
	return path
}

// attributes are what the store reports of an object. Its numbers are strings.
type attributes struct {
	Generation string `json:"generation"`
}

// Read is state.Store's. Without its body an object has no Age.
func (s *Store) Read(ctx context.Context, name string, most int64) (state.Object, error) {
	c, err := s.connect()
	if err != nil {
		return state.Object{}, err
	}
	query := url.Values{"alt": {"media"}}
	if most == 0 {
		query, most = url.Values{"fields": {"generation"}}, mostAnswer
	}
	r, err := c.do(ctx, http.MethodGet, s.objects(name), query, nil, most)
	switch {
	case err != nil:
		return state.Object{}, err
	case r.status == http.StatusNotFound:
		return state.Object{}, s.bucketIsThere(ctx, c, name)
	case r.status != http.StatusOK:
		return state.Object{}, c.refusal(r, reading)
	}
	if query.Get("alt") == "" {
		return s.seen(state.Object{Revision: r.generation()})
	}
	if err := whole(r); err != nil {
		return state.Object{}, err
	}
	return s.seen(state.Object{Revision: r.header.Get("X-Goog-Generation"), Body: r.body, Age: state.Age(r.header)})
}

// seen refuses what no object of Cloud Storage is: without a generation a
// write would have no condition.
func (s *Store) seen(there state.Object) (state.Object, error) {
	if !isGeneration(there.Revision) {
		return state.Object{}, notCloudStorage()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.there = true
	return there, nil
}

// whole holds the body of an answer against its checksum, where it has one of
// what was sent: that of an object which is stored compressed is another.
func whole(r reply) error {
	if encoding := r.header.Get("X-Goog-Stored-Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil
	}
	for _, line := range r.header.Values("X-Goog-Hash") {
		for field := range strings.SplitSeq(line, ",") {
			sum, ok := strings.CutPrefix(strings.TrimSpace(field), "crc32c=")
			if want, err := base64.StdEncoding.DecodeString(sum); ok && err == nil && len(want) == 4 &&
				binary.BigEndian.Uint32(want) != crc32.Checksum(r.body, crc32.MakeTable(crc32.Castagnoli)) {
				return &state.StoreError{Class: state.Busy, Message: "the object was damaged on its way: its checksum does not fit",
					Advice: "check the proxies between here and the store, then run the same command again"}
			}
		}
	}
	return nil
}

// bucketIsThere is nil for an object that does not exist in a bucket that does:
// both are answered with 404, and the first run must not begin in a bucket whose
// name is mistyped. It asks for a list, which needs no right to see buckets.
func (s *Store) bucketIsThere(ctx context.Context, c *client, name string) error {
	s.mu.Lock()
	there := s.there
	s.mu.Unlock()
	if there {
		return nil
	}
	r, err := c.do(ctx, http.MethodGet, s.objects(""), url.Values{"prefix": {name}, "maxResults": {"1"}, "fields": {"kind"}}, nil, mostAnswer)
	switch {
	case err != nil:
		return err
	case r.status != http.StatusOK:
		return c.refusal(r, listing)
	}
	var list struct {
		Kind string `json:"kind"`
	}
	if json.Unmarshal(r.body, &list) != nil || list.Kind != "storage#objects" {
		return notCloudStorage()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.there = true
	return nil
}

// Create is state.Store's. A mark has no place in a plain upload: the body shows
// one's own write.
func (s *Store) Create(ctx context.Context, name string, body []byte, _ string) (string, error) {
	return s.upload(ctx, name, "0", body)
}

// Replace is state.Store's.
func (s *Store) Replace(ctx context.Context, name, revision string, body []byte, _ string) (string, error) {
	return s.upload(ctx, name, revision, body)
}

func (s *Store) upload(ctx context.Context, name, generation string, body []byte) (string, error) {
	c, err := s.connect()
	if err != nil {
		return "", err
	}
	if _, err := strconv.ParseUint(generation, 10, 64); err != nil {
		// An empty condition is none: the object would be overwritten.
		return "", &state.StoreError{Message: fmt.Sprintf("%q is no generation", state.Excerpt(generation, 40))}
	}
	query := url.Values{"uploadType": {"media"}, "name": {name}, "ifGenerationMatch": {generation}, "fields": {"generation"}}
	r, err := c.do(ctx, http.MethodPost, "upload/"+s.objects(""), query, body, mostAnswer)
	switch {
	case err != nil:
		return "", err
	case r.status != http.StatusOK:
		return "", c.refusal(r, writing)
	}
	if now := r.generation(); isGeneration(now) {
		return now, nil
	}
	return "", notCloudStorage()
}

// Delete is state.Store's.
func (s *Store) Delete(ctx context.Context, name, revision string) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	query := url.Values{}
	if isGeneration(revision) {
		query.Set("ifGenerationMatch", revision)
	}
	r, err := c.do(ctx, http.MethodDelete, s.objects(name), query, nil, mostAnswer)
	if err != nil || r.status == http.StatusNotFound || r.status == http.StatusNoContent || r.status == http.StatusOK {
		return err
	}
	return c.refusal(r, removing)
}

// isGeneration reports that a text is the number of a version, and not of none.
func isGeneration(text string) bool {
	n, err := strconv.ParseUint(text, 10, 64)
	return err == nil && n > 0
}

func notCloudStorage() error {
	return &state.StoreError{Message: "it does not answer as Cloud Storage does", Advice: "check STORAGE_EMULATOR_HOST, and the proxies between here and the store"}
}
