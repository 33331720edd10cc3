package state

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"aliasctl/planner"
)

// Embedded begins the URI of the cluster in the process.
const Embedded = "embedded:"

// URIError reports that a URI names no cluster. It does not repeat the URI,
// which may hold a credential.
type URIError struct{ Why string }

func (e *URIError) Error() string { return "the URI names no cluster: " + e.Why }

// ClusterURI is the address of a cluster as it is compared, shown and recorded: scheme,
// host and port in lower case and without a default port, and the path
// (planner.CleanPath). Credentials and a query never reach a state. statePath is where
// the state is kept: the seed of an `embedded:` cluster is recorded relative to a local
// one, because the port of such a cluster is another one each time, and its folder may
// move.
func ClusterURI(uri, statePath string) (string, error) {
	if seed, ok := strings.CutPrefix(uri, Embedded); ok {
		return embeddedURI(seed, statePath)
	}
	u, err := url.Parse(uri)
	if err != nil {
		return "", &URIError{"it is not a valid URL"}
	}
	if u.Scheme == "" || u.Hostname() == "" {
		return "", &URIError{"it has no scheme or no host, as in http://localhost:19530"}
	}
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	switch {
	case port != "" && !(scheme == "http" && port == "80") && !(scheme == "https" && port == "443"):
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return (&url.URL{Scheme: scheme, Host: host}).String() + planner.CleanPath(u.EscapedPath()), nil
}

// recordedURI is the address as a state holds it: the root has its slash there, which
// sets it apart from the addresses of versions that recorded no path.
func recordedURI(c planner.Cluster) string {
	if u, err := url.Parse(c.URI); err == nil && u.Host != "" && u.Path == "" && !c.AnyPath {
		return c.URI + "/"
	}
	return c.URI
}

// loaded is the reverse of recordedURI.
func loaded(c planner.Cluster) planner.Cluster {
	u, err := url.Parse(c.URI)
	if err != nil || u.Host == "" {
		return c
	}
	c.AnyPath = u.Path == ""
	c.URI = strings.TrimRight(c.URI, "/")
	return c
}

func embeddedURI(seed, statePath string) (string, error) {
	if seed == "" {
		return Embedded, nil
	}
	to, err := realDir(seed)
	if err != nil {
		return "", &URIError{err.Error()}
	}
	rel := to
	if !strings.Contains(statePath, "://") {
		from, err := realDir(statePath)
		if err != nil {
			return "", &URIError{err.Error()}
		}
		if rel, err = filepath.Rel(from, to); err != nil { // another drive
			rel = to
		}
	}
	return Embedded + filepath.ToSlash(filepath.Join(rel, filepath.Base(seed))), nil
}

// realDir is the folder of a file without symbolic links: two ways to one
// folder must give one relative path. A folder that does not exist is taken
// as it is written.
func realDir(file string) (string, error) {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real, nil
	}
	return dir, nil
}

// Differs reports whether a state of one cluster must not be used with another,
// and why, in one sentence. Both URIs are compared in the form of ClusterURI. A
// state of a version that recorded no path fits every path of its host; the ids
// in it (Probes) then tell the clusters apart.
//
// A label may be added: the first apply with one records it. Any other change
// of it differs, taking it away too: a label guards against the wrong
// cluster, and a guard must not vanish because a line was deleted.
func Differs(recorded, now planner.Cluster) (why string, differs bool) {
	if was, is := normal(recorded.URI), normal(now.URI); was != is && !(recorded.AnyPath && was == host(is)) {
		return fmt.Sprintf("the state belongs to %q, this run talks to %q", was, is), true
	}
	switch {
	case recorded.Label == "" || recorded.Label == now.Label:
		return "", false
	case now.Label == "":
		return fmt.Sprintf("the state belongs to cluster %q, the manifest has no cluster field", recorded.Label), true
	default:
		return fmt.Sprintf("the state belongs to cluster %q, the manifest says %q", recorded.Label, now.Label), true
	}
}

// host is an address without its path.
func host(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" {
		return uri
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
}

// normal is ClusterURI for a URI that has been recorded already.
func normal(uri string) string {
	if strings.HasPrefix(uri, Embedded) {
		return uri
	}
	if n, err := ClusterURI(uri, ""); err == nil {
		return n
	}
	return uri
}

// Probes picks up to three bindings by which a cluster can be recognised:
// each has a recorded collection id, and their collections differ. When none
// of the three collections still has its id, it is another cluster behind the
// same address (port-forwards do that). They are spread over the list, so
// that one database that was rebuilt does not stand for all.
func Probes(state planner.State) []planner.Binding {
	var probes []planner.Binding
	n := len(state.Bindings)
	for _, start := range []int{0, n / 2, n - 1} {
		for i := range n {
			b := state.Bindings[(start+i)%n]
			if b.CollectionID != "" && !probed(probes, b) {
				probes = append(probes, b)
				break
			}
		}
	}
	return probes
}

func probed(probes []planner.Binding, b planner.Binding) bool {
	for _, p := range probes {
		if p.Database == b.Database && p.Collection == b.Collection {
			return true
		}
	}
	return false
}
