package gs

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"aliasctl/internal/state"
)

var _ state.Versioned = (*Store)(nil)

// Versions is state.Versioned's: the generations of an object, which a bucket
// with versioning keeps. A list is in the order of names and then of age.
func (s *Store) Versions(ctx context.Context, name string, most int) ([]state.Version, error) {
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	var all []state.Version
	query := url.Values{"prefix": {name}, "versions": {"true"}, "fields": {"nextPageToken,items(name,generation,updated)"}}
	for {
		r, err := c.do(ctx, http.MethodGet, s.objects(""), query, nil, 16<<20)
		switch {
		case err != nil:
			return nil, err
		case r.status != http.StatusOK:
			return nil, c.refusal(r, listing)
		}
		var page struct {
			NextPageToken string `json:"nextPageToken"`
			Items         []struct {
				Name       string    `json:"name"`
				Generation string    `json:"generation"`
				Updated    time.Time `json:"updated"`
			} `json:"items"`
		}
		if json.Unmarshal(r.body, &page) != nil {
			return nil, notCloudStorage()
		}
		past := false
		for _, item := range page.Items {
			if past = past || item.Name > name; item.Name == name {
				all = append(all, state.Version{ID: item.Generation, Written: item.Updated})
			}
		}
		if page.NextPageToken == "" || past {
			break
		}
		query.Set("pageToken", page.NextPageToken)
	}
	slices.SortFunc(all, func(a, b state.Version) int {
		if len(a.ID) != len(b.ID) {
			return len(b.ID) - len(a.ID)
		}
		return strings.Compare(b.ID, a.ID)
	})
	return all[:min(most, len(all))], nil
}

// ReadVersion is state.Versioned's.
func (s *Store) ReadVersion(ctx context.Context, name, id string, most int64) (state.Object, error) {
	c, err := s.connect()
	if err != nil {
		return state.Object{}, err
	}
	r, err := c.do(ctx, http.MethodGet, s.objects(name), url.Values{"alt": {"media"}, "generation": {id}}, nil, most)
	switch {
	case err != nil:
		return state.Object{}, err
	case r.status == http.StatusNotFound:
		return state.Object{}, nil
	case r.status != http.StatusOK:
		return state.Object{}, c.refusal(r, reading)
	}
	if err := whole(r); err != nil {
		return state.Object{}, err
	}
	return s.seen(state.Object{Revision: r.header.Get("X-Goog-Generation"), Body: r.body})
}
