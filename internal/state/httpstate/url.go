package httpstate

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"aliasctl/internal/state"
)

// The schemes of the locations of this package.
const (
	Scheme   = "https"
	Insecure = "http"
	GitLab   = "gitlab"
)

// place is the address of a state, with how it is locked and written.
type place struct {
	state, lock            string // URLs
	lockBy, unlockBy, save string // methods
	gitlab                 bool
	name                   string // of the object
}

// parseURL takes a location apart. Its errors do not repeat it: what is
// refused may be a credential.
func parseURL(location string, getenv func(string) string) (place, error) {
	if name, ok := strings.CutPrefix(location, GitLab+":"); ok {
		return parseGitLab(name, getenv)
	}
	refuse := func(format string, args ...any) (place, error) {
		return place{}, &state.UnsupportedError{Scheme: Scheme, Why: fmt.Sprintf(format, args...)}
	}
	u, parameters, err := state.ParseURL(Scheme, location)
	if err != nil {
		return place{}, err
	}
	switch {
	case u.User != nil:
		return refuse("it holds a user: give credentials as TF_HTTP_USERNAME and TF_HTTP_PASSWORD, or ALIASCTL_HTTP_TOKEN")
	case u.Hostname() == "":
		return refuse("it names no host: it is https://HOST/PATH")
	case strings.Trim(u.Path, "/") == "" || strings.HasSuffix(u.Path, "/"):
		return refuse("it names no state: it is https://HOST/PATH")
	}
	p := place{lockBy: "LOCK", unlockBy: "UNLOCK", save: http.MethodPost, name: "state"}
	insecure := false
	for _, parameter := range parameters {
		name, value := parameter.Name, parameter.Value
		method := func(to *string, allowed ...string) error {
			if !slices.Contains(allowed, value) {
				return fmt.Errorf("%s is %s", name, strings.Join(allowed, " or "))
			}
			*to = value
			return nil
		}
		switch name {
		case "lock_method":
			err = method(&p.lockBy, "LOCK", "POST", "PUT")
		case "unlock_method":
			err = method(&p.unlockBy, "UNLOCK", "DELETE")
		case "update_method":
			err = method(&p.save, "POST", "PUT")
		case "insecure":
			if insecure, err = strconv.ParseBool(value); err != nil {
				err = fmt.Errorf("insecure has no valid value")
			}
		case "history":
			err = fmt.Errorf("it takes no history: the protocol has one state at an address; some servers keep the old ones by themselves")
		default:
			err = fmt.Errorf("%q is not a parameter of it: there are lock_method, unlock_method, update_method and insecure", state.Excerpt(name, 40))
		}
		if err != nil {
			return refuse("%v", err)
		}
	}
	switch {
	case u.Scheme == Insecure && !insecure:
		return refuse("plain http shows the state and the credentials to the network: use https, or add insecure=true")
	case u.Scheme == Scheme && insecure:
		return refuse("insecure=true is plain http: it does not fit https")
	case (p.lockBy == "LOCK") != (p.unlockBy == "UNLOCK"):
		return refuse("lock_method and unlock_method belong together: LOCK and UNLOCK, or POST and DELETE")
	}
	u.RawQuery = ""
	p.state = u.String()
	p.lock = p.state
	if p.lockBy != "LOCK" { // as GitLab has it
		p.lock += "/lock"
	}
	return p, nil
}

// parseGitLab finds the address of a state of GitLab in the variables of its
// jobs.
func parseGitLab(name string, getenv func(string) string) (place, error) {
	refuse := func(why string) (place, error) {
		return place{}, &state.UnsupportedError{Scheme: GitLab, Why: why}
	}
	name, query, _ := strings.Cut(name, "?")
	switch {
	case name == "":
		return refuse("it names no state: it is gitlab:NAME")
	case query != "":
		return refuse("gitlab:NAME takes no parameters: GitLab keeps every version by itself")
	case len(name) > 255 || strings.ContainsFunc(name, func(r rune) bool {
		return !(r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	}) || strings.Trim(name, ".") == "":
		return refuse("the name of a state of GitLab has letters, digits, - _ and . only")
	}
	api, project := getenv("CI_API_V4_URL"), getenv("CI_PROJECT_ID")
	if api == "" || project == "" {
		return refuse("gitlab:NAME works in a job of GitLab CI, or with CI_API_V4_URL and CI_PROJECT_ID set as there")
	}
	u, err := url.Parse(api)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return refuse("CI_API_V4_URL is not the URL of GitLab's API, such as https://gitlab.example/api/v4")
	}
	at := u.JoinPath("projects", url.PathEscape(project), "terraform", "state", name).String()
	return place{state: at, lock: at + "/lock", lockBy: http.MethodPost, unlockBy: http.MethodDelete, save: http.MethodPost, gitlab: true, name: name}, nil
}
