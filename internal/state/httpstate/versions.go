package httpstate

import (
	"context"
	"net/http"
	"strconv"

	"aliasctl/internal/state"
)

var _ state.Versioned = (*Store)(nil)

// mostMissing is how many versions in a row may have been removed by hand.
const mostMissing = 50

// Versions is state.Versioned's. GitLab keeps every version under its serial and
// has no list of them over REST (lib/api/terraform/state_version.rb), so they are
// asked for one by one, from the one in place backwards. Other servers keep none.
func (s *Store) Versions(ctx context.Context, name string, most int) ([]state.Version, error) {
	if err := s.only(name); err != nil {
		return nil, err
	}
	if !s.at.gitlab {
		return nil, &state.UnversionedError{Path: s.at.state}
	}
	_, serial, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var all []state.Version
	for missing := 0; serial > 0 && len(all) < most && missing < mostMissing; serial-- {
		id := strconv.FormatUint(serial, 10)
		there, err := s.ReadVersion(ctx, name, id, s.mostRead())
		switch {
		case err != nil:
			return nil, err
		case there.Revision == "":
			missing++
		default:
			missing = 0
			all = append(all, state.Version{ID: id})
		}
	}
	return all, nil
}

// ReadVersion is state.Versioned's.
func (s *Store) ReadVersion(ctx context.Context, name, id string, most int64) (state.Object, error) {
	if err := s.only(name); err != nil {
		return state.Object{}, err
	}
	r, err := s.client().do(ctx, http.MethodGet, s.at.state+"/versions/"+id, nil, most+around)
	switch {
	case err != nil:
		return state.Object{}, err
	case r.status == http.StatusNotFound:
		return state.Object{}, nil
	case r.status != http.StatusOK:
		return state.Object{}, s.client().refusal(r)
	}
	there, _ := unwrap(r.body)
	return there, nil
}
