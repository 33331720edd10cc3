package gs

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"aliasctl/internal/state"
)

// Scheme begins the location of a state in an object.
const Scheme = "gs"

// objectURL is the location of an object, taken apart.
type objectURL struct {
	bucket, key string
	history     int
}

// parseURL takes a location apart. Its errors do not repeat it: what is
// refused may be a credential.
func parseURL(location string) (objectURL, error) {
	refuse := func(format string, args ...any) (objectURL, error) {
		return objectURL{}, &state.UnsupportedError{Scheme: Scheme, Why: fmt.Sprintf(format, args...)}
	}
	u, parameters, err := state.ParseURL(Scheme, location)
	if err != nil {
		return objectURL{}, err
	}
	o := objectURL{bucket: u.Host, key: strings.TrimPrefix(u.Path, "/")}
	switch {
	case u.User != nil:
		return refuse("it holds a user: give credentials as GOOGLE_APPLICATION_CREDENTIALS, the name of a file")
	case o.bucket == "" || u.Port() != "":
		return refuse("it names no bucket: it is gs://BUCKET/KEY")
	case o.key == "" || strings.HasSuffix(o.key, "/"):
		return refuse("it names no object: it is gs://BUCKET/KEY")
	case o.key == "." || o.key == ".." || strings.HasPrefix(o.key, ".well-known/acme-challenge/"):
		return refuse("Cloud Storage has no objects of this name")
	case len(o.key) > 1000: // of 1024, with room for ".lock" and the number of a copy
		return refuse("the name of its object has more than 1000 bytes")
	}
	for _, p := range parameters {
		if p.Name != "history" {
			return refuse("%q is not a parameter of it: there is history", state.Excerpt(p.Name, 40))
		}
		if o.history, err = strconv.Atoi(p.Value); err != nil || o.history < 0 {
			return refuse("%s has no valid value", p.Name)
		}
	}
	if !isBucket(o.bucket) {
		return refuse("its bucket has no valid name: it is 3 to 63 lower-case letters, digits, dots, hyphens and underscores")
	}
	return o, nil
}

// isBucket reports that Cloud Storage can have a bucket of this name. One with dots
// is longer, and no address.
func isBucket(name string) bool {
	most := 63
	if strings.Contains(name, ".") {
		most = 222
	}
	for _, part := range strings.Split(name, ".") {
		if part == "" || len(part) > 63 {
			return false
		}
	}
	letter := func(r rune) bool { return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' }
	inside := func(r rune) bool { return letter(r) || r == '-' || r == '_' || r == '.' }
	return len(name) >= 3 && len(name) <= most && letter(rune(name[0])) && letter(rune(name[len(name)-1])) &&
		!strings.ContainsFunc(name, func(r rune) bool { return !inside(r) }) && net.ParseIP(name) == nil
}
