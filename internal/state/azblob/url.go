package azblob

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"aliasctl/internal/state"
)

// Scheme begins the location of a state in a blob.
const Scheme = "azblob"

// blobURL is the location of a blob, taken apart.
type blobURL struct {
	account, container, key string
	endpoint                string // of the account, without a slash at its end
	spelled                 bool   // the location has the endpoint
	history                 int
}

// parseURL takes a location apart. Its errors do not repeat it: what is
// refused may be a credential.
func parseURL(location string) (blobURL, error) {
	refuse := func(format string, args ...any) (blobURL, error) {
		return blobURL{}, &state.UnsupportedError{Scheme: Scheme, Why: fmt.Sprintf(format, args...)}
	}
	u, parameters, err := state.ParseURL(Scheme, location)
	if err != nil {
		return blobURL{}, err
	}
	const form = "it is azblob://ACCOUNT/CONTAINER/KEY"
	b := blobURL{account: u.Host}
	b.container, b.key, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	switch {
	case u.User != nil:
		return refuse("it holds a user: give credentials as AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or `az login`")
	case strings.Contains(b.account, "."):
		return refuse("its account is a host: write the name of the account alone, and another cloud as endpoint=URL; %s", form)
	case !isName(b.account, 24, ""):
		return refuse("its account has no valid name, which is 3 to 24 lower-case letters and digits: %s", form)
	case b.container == "":
		return refuse("it names no container: %s", form)
	case !isName(b.container, 63, "-") || strings.Contains(b.container, "--") || strings.Trim(b.container, "-") != b.container:
		return refuse("its container has no valid name, which is 3 to 63 lower-case letters, digits and single hyphens")
	case b.key == "" || strings.HasSuffix(b.key, "/"):
		return refuse("it names no blob: %s", form)
	case len(b.key) > 1000: // of 1024, with room for ".lock" and the number of a copy
		return refuse("the name of its blob has more than 1000 bytes")
	}
	for _, p := range parameters {
		ok := true
		switch p.Name {
		case "history":
			b.history, err = strconv.Atoi(p.Value)
			ok = err == nil && b.history >= 0
		case "endpoint":
			e, err := url.Parse(p.Value)
			ok = err == nil && (e.Scheme == "https" || e.Scheme == "http") && e.Host != "" && e.User == nil && e.RawQuery == "" && e.Fragment == ""
			b.endpoint, b.spelled = strings.TrimSuffix(p.Value, "/"), true
		case "sig", "sv", "se":
			return refuse("it holds a SAS: give it as AZURE_STORAGE_SAS_TOKEN")
		default:
			return refuse("%q is not a parameter of it: there are endpoint and history", state.Excerpt(p.Name, 40))
		}
		if !ok {
			return refuse("%s has no valid value", p.Name)
		}
	}
	if !b.spelled {
		b.endpoint = "https://" + b.account + ".blob.core.windows.net"
	}
	return b, nil
}

func isName(name string, most int, also string) bool {
	return len(name) >= 3 && len(name) <= most && !strings.ContainsFunc(name, func(r rune) bool {
		return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || strings.ContainsRune(also, r))
	})
}
