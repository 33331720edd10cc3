package git

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"

	"aliasctl/internal/state"
)

// kind is what git prints, in English (LC_ALL=C), and what it means. git has
// no codes for these; the words are stable since 2.0 or are those of GitHub
// and GitLab.
type kind struct {
	words   []string
	class   state.Class
	message string
	advice  string
}

const (
	giveToken  = "set ALIASCTL_GIT_TOKEN (and ALIASCTL_GIT_USERNAME), or a credential helper of git"
	checkPlace = "check the repository in --state, and that these credentials may read it"
)

// unreached are the ways in which a repository is not reached. The first that
// fits counts.
var unreached = []kind{
	{[]string{"could not read Username", "could not read Password", "terminal prompts disabled"}, state.Final,
		"the git server asks for credentials, and there are none", giveToken},
	{[]string{"Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED"}, state.Final,
		"ssh does not know the key of the git server", "add the key of the host to ~/.ssh/known_hosts, after you have compared it with what its operator publishes"},
	{[]string{"Permission denied (publickey", "Permission denied, please try again", "Too many authentication failures"}, state.Final,
		"the git server accepts none of the ssh keys", "add a key that may write to the repository to the ssh agent, or name it with GIT_SSH_COMMAND='ssh -i FILE'"},
	{[]string{"Authentication failed", "HTTP Basic: Access denied", "returned error: 401", "Invalid username or"}, state.Final,
		"the git server refuses the credentials", giveToken},
	{[]string{"detected dubious ownership"}, state.Final,
		"git refuses a repository that belongs to another user", "run as the owner of the repository, or allow it with git config --global safe.directory"},
	{[]string{"Repository not found", "repository not found", "returned error: 404", "not found", "does not appear to be a git repository", "does not exist", "could not be found", "No such file or directory", "not a git repository"}, state.Final,
		"there is no such git repository, or these credentials may not see it", checkPlace},
	{[]string{"returned error: 403", "Permission to", "denied to", "not allowed", "access denied", "Access denied", "Forbidden"}, state.Final,
		"the git server does not allow this", "the credentials need the right to read and to push to the repository: on GitHub `contents: write`, on GitLab `write_repository` with the role Developer or more"},
	{[]string{"certificate problem", "certificate verif", "certificate subject name", "certificate chain", "certificate file", "SSL certificate", "server certificate"}, state.Final,
		"the certificate of the git server is not accepted", "set GIT_SSL_CAINFO to the file with its CA, or check the host in --state"},
	{[]string{"Could not resolve host", "Could not resolve hostname"}, state.Busy, "the host of the git server is not found", "check the host in --state, and the network"},
	{[]string{"returned error: 429", "rate limit", "due to load"}, state.Busy, "the git server asks to slow down", "wait a little, then run the same command again"},
	{[]string{"Connection refused", "Failed to connect", "Couldn't connect", "timed out", "Connection reset", "Network is unreachable", "No route to host",
		"remote end hung up", "early EOF", "RPC failed", "returned error: 5", "HTTP code 5", "Empty reply", "unexpected disconnect", "Operation too slow", "transfer closed", "Recv failure",
		"onnection closed", "closed by remote host", "onnection abort", "Broken pipe", "was not closed cleanly", "HTTP2 framing", "HTTP/2 framing", "expected flush",
		"SSL_ERROR_SYSCALL", "unexpected eof", "non-properly terminated", "Error in the pull function"}, // a connection over TLS that broke
		state.Busy, "the git server is not reached", "check the host in --state, the network and the server, then run the same command again"},
	{[]string{"SSL", "TLS", "gnutls", "schannel"}, state.Final,
		"there is no TLS connection to the git server", "check the host and the port in --state: the server may speak plain http there"},
	{[]string{"transport '"}, state.Final, "git is configured to replace the address (url.*.insteadOf) by one that is not https, ssh or file", "check the configuration of git"},
	{[]string{"No space left", "Disk quota"}, state.Final, "no space is left for git", "free some space in TMPDIR or on the server"},
}

// declined are the ways in which a push is refused for good.
var declined = []kind{
	{[]string{"protected branch", "GH006", "GH013", "rule violations"}, state.Final,
		"the branch is protected", "let the user of these credentials push to it, or keep the state in a branch without protection: change ref in --state"},
	{[]string{"branch is currently checked out"}, state.Final,
		"the repository has the branch checked out", "use a bare repository, or another branch: change ref in --state"},
	{[]string{"hook declined"}, state.Final,
		"a hook of the git server refuses the push", "read what the hook prints; a branch of its own for states (ref in --state) often has no such rule"},
	{[]string{"hidden ref"}, state.Final,
		"the git server hides the refs of aliasctl", "allow pushes to refs/aliasctl/* (receive.hideRefs, transfer.hideRefs)"},
	{[]string{"shallow update not allowed"}, state.Final,
		"the repository is a shallow clone and takes no push", "run git fetch --unshallow in it, or use a full clone"},
	{[]string{"unpacker error", "exceeds maximum", "larger than", "file size limit"}, state.Final,
		"the git server does not store the push", "check the limits and the disk of the git server"},
	{[]string{"non-fast-forward", "deletion prohibited"}, state.Final,
		"the git server refuses the push", "check the rules of the git server"},
}

// overtaken are the words for a ref that was not what was expected, and for one
// that another push is at.
var overtaken = []string{"stale info", "fetch first", "failed to update ref", "atomic transaction failed", "atomic push fail", "reference already exists",
	"cannot lock ref", "failed to lock", "needs force", "incorrect old value"}

func match(kinds []kind, text string) (kind, bool) {
	for _, k := range kinds {
		if has(text, k.words) {
			return k, true
		}
	}
	return kind{}, false
}

func has(text string, words []string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// explain reports why git failed before anything was written.
func explain(err error) error {
	failed := (*commandError)(nil)
	if !errors.As(err, &failed) {
		return err // is explained already
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &state.StoreError{Class: state.Final, Message: "it was interrupted", Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &state.StoreError{Class: state.Busy, Message: "the git server does not answer in time", Advice: "check the network and the git server, then run the same command again", Err: err}
	case errors.Is(err, exec.ErrNotFound):
		return &state.StoreError{Message: "git is not installed", Advice: "install git 2.31 or later", Err: err}
	}
	if k, ok := match(unreached, failed.stderr); ok {
		if failed.token && k.message == unreached[0].message {
			k.message, k.advice = "the git server refuses the credentials", "check ALIASCTL_GIT_TOKEN and ALIASCTL_GIT_USERNAME: an expired token is refused like a wrong one"
		}
		return &state.StoreError{Class: k.class, Message: k.message + quoted(failed.stderr), Advice: k.advice, Err: err}
	}
	return &state.StoreError{Message: "git " + failed.verb + " failed" + quoted(failed.stderr), Advice: "check the repository in --state with git ls-remote", Err: err}
}

// explainPush reports why a push failed. It may have taken effect, unless git
// ended before it began (exit code 128) or names the refs that it left.
func explainPush(err error, answers map[string]answer) error {
	failed := (*commandError)(nil)
	if !errors.As(err, &failed) {
		return err
	}
	if strings.Contains(failed.stderr, "does not support --atomic") {
		return errNotAtomic
	}
	rejected := ""
	for _, a := range answers {
		if a.flag == "!" {
			rejected += a.summary + "\n"
		}
	}
	if rejected != "" {
		if k, ok := match(declined, rejected+failed.stderr); ok {
			return &state.StoreError{Class: k.class, Message: k.message + quoted(failed.stderr), Advice: k.advice, Err: err}
		}
		if has(rejected, overtaken) {
			return errOvertaken
		}
		if k, ok := match(unreached, rejected+failed.stderr); ok && k.class == state.Final {
			return &state.StoreError{Message: k.message + quoted(failed.stderr), Advice: k.advice, Err: err}
		}
		return &state.StoreError{Class: state.Doubtful, Message: "the git server refuses the push: " + state.Excerpt(strings.TrimSpace(rejected), 200), Advice: "check the rules of the git server", Err: err}
	}
	if failed.code == 128 || errors.Is(err, exec.ErrNotFound) {
		return explain(err)
	}
	explained := explain(err)
	doubt := (*state.StoreError)(nil)
	if errors.As(explained, &doubt) && (doubt.Class != state.Final || failed.code < 0 || !has(failed.stderr, []string{"403", "denied", "not allowed"})) {
		doubt.Class = state.Doubtful
	}
	return explained
}

// boilerplate is what git prints below each failure to reach a repository.
var boilerplate = []string{"Could not read from remote repository.", "Please make sure you have the correct access rights", "and the repository exists."}

// quoted is what the server or git itself has printed last, for a message.
func quoted(stderr string) string {
	var told []string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		for _, prefix := range []string{"remote: ", "fatal: ", "error: ", "ERROR: "} {
			line = strings.TrimPrefix(line, prefix)
		}
		if line == "" || line == "remote:" || strings.HasPrefix(line, "hint:") || strings.HasPrefix(line, "To ") ||
			strings.HasPrefix(line, "failed to push some refs") || slices.Contains(boilerplate, line) || strings.Trim(line, "*-=@! ") == "" {
			continue
		}
		told = append(told, line)
	}
	if len(told) == 0 {
		return ""
	}
	return ": " + state.Excerpt(strings.Join(told, "; "), 200)
}
