package git

import (
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"aliasctl/internal/state"
)

// Scheme begins the location of a state in a git repository.
const Scheme = "git"

// form is what a location looks like, for messages.
const form = "git::https://HOST/REPO.git//PATH?ref=BRANCH"

// fileURL is the location of a file in a branch, taken apart.
type fileURL struct {
	remote string // the repository, as git takes it
	origin string // scheme and host of an http remote, "" for others
	path   string // of the state in the tree
	branch string // without refs/heads/
}

// parseURL takes a location apart. Its errors do not repeat it: what is
// refused may be a credential.
func parseURL(location string) (fileURL, error) {
	refuse := func(format string, args ...any) (fileURL, error) {
		return fileURL{}, &state.UnsupportedError{Scheme: Scheme, Why: fmt.Sprintf(format, args...)}
	}
	remote := strings.TrimPrefix(location, Scheme+"::")
	if !strings.Contains(remote, "://") {
		return refuse("it is %s, or with ssh:// or file://; write git@HOST:REPO as ssh://git@HOST/REPO", form)
	}
	u, parameters, err := state.ParseURL(Scheme, remote)
	if err != nil {
		return fileURL{}, err
	}
	f, insecure := fileURL{}, false
	for _, p := range parameters {
		switch value := p.Value; p.Name {
		case "ref":
			f.branch = strings.TrimPrefix(value, "refs/heads/")
		case "insecure":
			if insecure, err = strconv.ParseBool(value); err != nil {
				return refuse("insecure has no valid value")
			}
		case "history":
			return refuse("it takes no history: every state stays in the log of the branch")
		default:
			return refuse("%q is not a parameter of it: there are ref and insecure", state.Excerpt(p.Name, 40))
		}
	}
	if why := badUser(u); why != "" {
		return refuse("%s", why)
	}
	switch {
	case u.Scheme == "http" && !insecure:
		return refuse("plain http shows the state and the credentials to the network: use https, or add insecure=true")
	case u.Scheme == "https" && insecure:
		return refuse("insecure=true is plain http: it does not fit https")
	case u.Scheme == "file" && u.Host != "":
		return refuse("file:// takes no host: it is git::file:///DIR/REPO.git//PATH?ref=BRANCH")
	case u.Scheme != "file" && (u.Hostname() == "" || strings.HasPrefix(u.Hostname(), "-")):
		return refuse("it names no host: it is %s", form)
	}
	repository, file, ok := strings.Cut(strings.TrimPrefix(u.Path, "/"), "//")
	switch {
	case repository == "" || strings.HasPrefix(repository, "-"):
		return refuse("it names no repository: it is %s", form)
	case !ok || file == "":
		return refuse("it names no file in the repository: it is %s", form)
	case f.branch == "":
		return refuse("it names no branch: it is %s", form)
	}
	if why := badPath(file); why != "" {
		return refuse("its path in the repository is not valid: %s", why)
	}
	if why := badBranch(f.branch); why != "" {
		return refuse("its branch has no valid name: %s", why)
	}
	f.path = file
	at := url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host, Path: "/" + repository}
	f.remote = at.String()
	if u.Scheme == "file" {
		f.remote = "file:///" + repository // git takes it as it stands
	}
	if u.Scheme == "https" || u.Scheme == "http" {
		f.origin = u.Scheme + "://" + u.Host + "/"
	}
	return f, nil
}

// badUser reports what is wrong with the scheme or the user of a remote.
func badUser(u *url.URL) string {
	_, password := u.User.Password()
	switch u.Scheme {
	case "ssh":
		if password {
			return "it holds a password: ssh takes a key, from its agent or a file"
		}
		if strings.HasPrefix(u.User.Username(), "-") {
			return "its user has no valid name"
		}
	case "https", "http":
		if u.User != nil {
			return "it holds a user: give credentials as ALIASCTL_GIT_TOKEN, or with a credential helper of git"
		}
	case "file":
		if u.User != nil {
			return "file:// takes no user"
		}
	default:
		return fmt.Sprintf("a git repository is reached by https, ssh or file, not by %q", state.Excerpt(u.Scheme, 20))
	}
	return ""
}

// badPath reports why git keeps no file of this name. A name that a file system
// could take for .git is one of these.
func badPath(file string) string {
	if file != path.Clean(file) || strings.HasPrefix(file, "/") || strings.ContainsAny(file, `\:`) {
		return `it is a relative path without "..", "\" and ":"`
	}
	for part := range strings.SplitSeq(file, "/") {
		switch {
		case part == "..":
			return `it leaves the repository`
		case strings.HasPrefix(strings.ToLower(part), ".git"), strings.HasPrefix(strings.ToLower(part), "git~"):
			return "names that begin with .git are git's own"
		}
	}
	return ""
}

// badBranch is `git check-ref-format --branch`.
func badBranch(name string) string {
	switch {
	case strings.HasPrefix(name, "refs/"):
		return "it is not the name of a branch, such as main"
	case strings.HasPrefix(name, "-"), name == "@", name == "HEAD", strings.HasSuffix(name, "."),
		strings.Contains(name, ".."), strings.Contains(name, "@{"), strings.ContainsAny(name, " ~^:?*[\\\x7f"),
		strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }):
		return "git takes no such name"
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return "git takes no such name"
		}
	}
	return ""
}
