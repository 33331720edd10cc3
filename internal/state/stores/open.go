// Package stores knows which kind of store a location names.
package stores

import (
	"cmp"
	"fmt"
	"strings"

	"aliasctl/internal/input"
	"aliasctl/internal/state"
	"aliasctl/internal/state/azblob"
	"aliasctl/internal/state/git"
	"aliasctl/internal/state/gs"
	"aliasctl/internal/state/httpstate"
	"aliasctl/internal/state/local"
	"aliasctl/internal/state/s3"
)

// remote are the kinds of stores that several machines can share, by scheme.
var remote = map[string]func(location string) (store state.Store, name string, history int, err error){
	s3.Scheme: func(location string) (state.Store, string, int, error) { return s3.Open(location) },
	gs.Scheme: func(location string) (state.Store, string, int, error) { return gs.Open(location) },
	azblob.Scheme: func(location string) (state.Store, string, int, error) {
		return azblob.Open(location)
	},
	git.Scheme: func(location string) (state.Store, string, int, error) {
		store, name, err := git.Open(location)
		return store, name, 0, err
	},
	httpstate.Scheme:   openHTTP,
	httpstate.Insecure: openHTTP,
	httpstate.GitLab:   openHTTP,
}

func openHTTP(location string) (state.Store, string, int, error) {
	store, name, err := httpstate.Open(location)
	return store, name, 0, err
}

// keepers are the schemes of stores that keep every state by themselves: for
// them no copies are made. single are those with no place for a copy.
var (
	keepers = map[string]bool{git.Scheme: true, httpstate.GitLab: true}
	single  = map[string]bool{httpstate.Scheme: true, httpstate.Insecure: true}
)

// schemeOf is the kind of store that a location names, "" for a local file.
func schemeOf(location string) string {
	if strings.HasPrefix(location, git.Scheme+"::") {
		return git.Scheme
	}
	if strings.HasPrefix(location, httpstate.GitLab+":") {
		return httpstate.GitLab
	}
	scheme, _, remotely := strings.Cut(location, "://")
	if !remotely {
		return ""
	}
	return scheme
}

// IsRemote reports that a location is no local file.
func IsRemote(location string) bool { return schemeOf(location) != "" }

// Clean removes what stores keep in temporary files, at the end of a process.
func Clean() { git.Clean() }

// Open names the place of a state; nothing is read and nothing is created. A
// location is the path of a local file or, for a state that several machines
// share,
//
//	s3://BUCKET/KEY?endpoint=HOST:PORT&region=REGION&insecure=BOOL&history=N
//	gs://BUCKET/KEY?history=N
//	azblob://ACCOUNT/CONTAINER/KEY?endpoint=URL&history=N
//	git::https://HOST/REPO.git//PATH?ref=BRANCH
//	https://HOST/PATH
//	gitlab:NAME
//
// with every parameter but ref optional. A location that is neither is refused
// with an *state.UnsupportedError rather than taken for a file name.
func Open(location string) (state.Location, error) { return OpenWith(location, state.Options{}) }

// OpenWith is Open with choices.
func OpenWith(location string, options state.Options) (state.Location, error) {
	scheme := schemeOf(location)
	if scheme == "" {
		f, err := local.OpenBounded(location, cmp.Or(options.MaxBytes, input.MaxState))
		if err != nil {
			return nil, err // not a nil *File in a Location
		}
		return f, nil
	}
	open, ok := remote[scheme]
	if !ok {
		return nil, &state.UnsupportedError{Scheme: scheme, Why: fmt.Sprintf("no store for scheme %q; use s3://, gs://, azblob://, git::https://, https://, gitlab:NAME or the path of a local file", scheme)}
	}
	store, name, history, err := open(location)
	if err != nil {
		return nil, err
	}
	switch {
	case single[scheme] && options.History > 0:
		return nil, &state.UnsupportedError{Scheme: scheme, Why: "an HTTP state has no place for copies of old ones: leave out --state-history"}
	case keepers[scheme]:
		options.History = 0
	case options.History == 0:
		options.History = history
	}
	return state.NewShared(store, state.SharedOptions{Options: options, Location: location, Name: name, Errored: local.SaveErrored}), nil
}
