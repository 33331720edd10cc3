package sync

import (
	"cmp"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"aliasctl/executor"
	statefile "aliasctl/internal/state"
)

// author is who applies, for the history of the state. In CI the commit comes
// from the system's variables, else from git where the manifest lies.
func (r *run) author() executor.Author {
	self := statefile.Self(nil, time.Now())
	a := executor.Author{User: cmp.Or(User(r.LookupEnv), self.User), Host: self.Host}
	a.Commit = Commit(r.soft, r.LookupEnv, filepath.Dir(r.Manifests[0]))
	// A state holds plain text, and would not be saved with anything else: after
	// the cluster was changed.
	for _, text := range []*string{&a.User, &a.Host, &a.Commit} {
		*text = statefile.Excerpt(*text, 200)
	}
	return a
}

// Commit is what a run is about: in CI by the system's variables, else by git in
// the directory; "" where neither has one.
func Commit(ctx context.Context, lookup func(string) (string, bool), dir string) string {
	return cmp.Or(firstOf(lookup, "GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT", "BUILD_SOURCEVERSION", "BITBUCKET_COMMIT", "CIRCLE_SHA1"), gitCommit(ctx, dir))
}

// User is who runs a job of GitHub, GitLab, Azure Pipelines or CircleCI, "" elsewhere.
func User(lookup func(string) (string, bool)) string {
	return firstOf(lookup, "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR", "CIRCLE_USERNAME")
}

// firstOf is the first of some variables that is set.
func firstOf(lookup func(string) (string, bool), names ...string) string {
	for _, name := range names {
		value, _ := lookup(name)
		if value = strings.TrimSpace(value); value != "" {
			return value
		}
	}
	return ""
}

// gitCommit is the commit of a work tree, "" where there is none.
func gitCommit(ctx context.Context, dir string) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "rev-parse", "--verify", "--quiet", "HEAD").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
