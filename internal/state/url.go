package state

import (
	"maps"
	"net/url"
	"slices"
)

// Parameter is one NAME=VALUE behind the question mark of a location.
type Parameter struct{ Name, Value string }

// ParseURL takes a location that is a URL apart, as far as all kinds of stores have that
// in common: plain text, no fragment, each parameter once. The parameters are sorted by
// name. A *UnsupportedError of the scheme does not repeat the location: what is refused
// may be a credential.
func ParseURL(scheme, location string) (*url.URL, []Parameter, error) {
	refuse := func(why string) (*url.URL, []Parameter, error) {
		return nil, nil, &UnsupportedError{Scheme: scheme, Why: why}
	}
	if !IsPlain(location) {
		return refuse("it is not plain text")
	}
	u, err := url.Parse(location)
	if err != nil {
		return refuse("it is not a valid URL")
	}
	if u.Fragment != "" {
		return refuse(`it has a fragment ("#"): write %23`)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return refuse("its query is not valid")
	}
	var parameters []Parameter
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if len(query[name]) != 1 {
			return refuse(Excerpt(name, 40) + " is there twice")
		}
		parameters = append(parameters, Parameter{name, query[name][0]})
	}
	return u, parameters, nil
}
