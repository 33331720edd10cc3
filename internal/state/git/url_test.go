package git

import (
	"strings"
	"testing"
)

func TestLocations(t *testing.T) {
	for _, test := range []struct {
		location string
		want     fileURL
	}{
		{"git::https://git.example/team/deploy.git//prod/aliases.json?ref=states",
			fileURL{"https://git.example/team/deploy.git", "https://git.example/", "prod/aliases.json", "states"}},
		{"git::https://git.example:8443/deploy//a.json?ref=refs/heads/x/y", fileURL{"https://git.example:8443/deploy", "https://git.example:8443/", "a.json", "x/y"}},
		{"git::ssh://git@git.example/team/deploy.git//a b.json?ref=states", fileURL{"ssh://git@git.example/team/deploy.git", "", "a b.json", "states"}},
		{"git::file:///srv/git/deploy.git//a.json?ref=states", fileURL{"file:///srv/git/deploy.git", "", "a.json", "states"}},
		{"git::http://127.0.0.1:80/d.git//a.json?ref=s&insecure=true", fileURL{"http://127.0.0.1:80/d.git", "http://127.0.0.1:80/", "a.json", "s"}},
	} {
		if got, err := parseURL(test.location); err != nil || got != test.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", test.location, got, err, test.want)
		}
	}
}

func TestRefusedLocations(t *testing.T) {
	const secret = "s3cr3t"
	for _, test := range []struct{ location, why string }{
		{"git::git@git.example:team/deploy.git//a.json?ref=s", "ssh://git@HOST/REPO"},
		{"git::https://user:" + secret + "@git.example/d.git//a.json?ref=s", "ALIASCTL_GIT_TOKEN"},
		{"git::https://" + secret + "@git.example/d.git//a.json?ref=s", "ALIASCTL_GIT_TOKEN"},
		{"git::ssh://git:" + secret + "@git.example/d.git//a.json?ref=s", "password"},
		{"git::ssh://-oX/d.git//a.json?ref=s", "host"},
		{"git::ssh://-x@git.example/d.git//a.json?ref=s", "user"},
		{"git::ext::x://y//a.json?ref=s", "https, ssh or file"},
		{"git::ext://x/d.git//a.json?ref=s", "https, ssh or file"},
		{"git::git://git.example/d.git//a.json?ref=s", "https, ssh or file"},
		{"git::http://git.example/d.git//a.json?ref=s", "insecure=true"},
		{"git::https://git.example/d.git//a.json?ref=s&insecure=true", "https"},
		{"git::https://git.example/d.git//a.json?ref=s&token=" + secret, "is not a parameter"},
		{"git::https://git.example/d.git//a.json?ref=s&ref=t", "twice"},
		{"git::https://git.example/d.git//a.json?ref=s&history=3", "log of the branch"},
		{"git::https://git.example/d.git//a.json?ref=s#x", "fragment"},
		{"git::https://git.example/d.git//a.json", "no branch"},
		{"git::https://git.example/d.git?ref=s", "no file"},
		{"git::https://git.example/d.git//?ref=s", "no file"},
		{"git::https:///d.git//a.json?ref=s", "no host"},
		{"git::https://git.example//a.json?ref=s", "no file"},
		{"git::file://host/d.git//a.json?ref=s", "no host"},
		{"git::file:///srv/d.git//../a.json?ref=s", "not valid"},
		{"git::file:///srv/d.git///a.json?ref=s", "not valid"},
		{"git::file:///srv/d.git//.git/config?ref=s", ".git"},
		{"git::file:///srv/d.git//x/.GitModules?ref=s", ".git"},
		{"git::file:///srv/d.git//a/?ref=s", "not valid"},
		{"git::file:///srv/d.git//a//b?ref=s", "not valid"},
		{"git::file:///srv/d.git//a.json?ref=a..b", "no such name"},
		{"git::file:///srv/d.git//a.json?ref=-x", "no such name"},
		{"git::file:///srv/d.git//a.json?ref=a%20b", "no such name"},
		{"git::file:///srv/d.git//a.json?ref=a:b", "no such name"},
		{"git::file:///srv/d.git//a.json?ref=%2Bs~1", "no such name"},
		{"git::file:///srv/d.git//a.json?ref=x.lock", "no such name"},
		{"git::file:///srv/d.git//a.json?ref=refs/tags/v1", "not the name of a branch"},
		{"git::file:///srv/d.git//a\x01.json?ref=s", "plain text"},
	} {
		_, err := parseURL(test.location)
		if err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v, want %q in it", test.location, err, test.why)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the message holds the secret: %v", test.location, err)
		}
	}
}
