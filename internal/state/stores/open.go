// Package stores knows which kind of store a location names.
package stores

import (
	"fmt"
	"strings"

	"aliasctl/internal/state"
	"aliasctl/internal/state/local"
	"aliasctl/internal/state/s3"
)

// remote are the kinds of stores that several machines can share, by scheme.
var remote = map[string]func(location string) (store state.Store, name string, history int, err error){
	s3.Scheme: func(location string) (state.Store, string, int, error) { return s3.Open(location) },
}

// Open names the place of a state; nothing is read and nothing is created. A
// location is the path of a local file or, for a state that several machines
// share,
//
//	s3://BUCKET/KEY?endpoint=HOST:PORT&region=REGION&insecure=BOOL&history=N
//
// with every parameter optional. A location that is neither is refused with an
// *state.UnsupportedError rather than taken for a file name.
func Open(location string) (state.Location, error) { return OpenWith(location, state.Options{}) }

// OpenWith is Open with choices.
func OpenWith(location string, options state.Options) (state.Location, error) {
	scheme, _, remotely := strings.Cut(location, "://")
	if !remotely {
		f, err := local.Open(location)
		if err != nil {
			return nil, err // not a nil *File in a Location
		}
		return f, nil
	}
	open, ok := remote[scheme]
	if !ok {
		return nil, &state.UnsupportedError{Scheme: scheme, Why: fmt.Sprintf("no store for scheme %q; use s3:// or the path of a local file", scheme)}
	}
	store, name, history, err := open(location)
	if err != nil {
		return nil, err
	}
	if options.History == 0 {
		options.History = history
	}
	return state.NewShared(store, state.SharedOptions{Options: options, Location: location, Name: name, Errored: local.SaveErrored}), nil
}
