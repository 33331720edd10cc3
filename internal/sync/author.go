package sync

import (
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
	a := executor.Author{User: self.User, Host: self.Host}
	for _, name := range []string{"GITHUB_ACTOR", "GITLAB_USER_LOGIN"} {
		if user := r.variable(name); user != "" {
			a.User = user
			break
		}
	}
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
	for _, name := range []string{"GITHUB_SHA", "CI_COMMIT_SHA"} {
		value, _ := lookup(name)
		if commit := strings.TrimSpace(value); commit != "" {
			return commit
		}
	}
	return gitCommit(ctx, dir)
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
