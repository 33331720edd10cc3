package git

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"aliasctl/internal/input"
	"aliasctl/internal/state"
)

// workshop is a bare repository in a temporary folder, from which the commits
// are made and pushed. No other repository is looked at: neither the one of
// the working directory, whose configuration a pull request may have written,
// nor its hooks.
type workshop struct {
	dir    string
	format string // of the ids of objects
	env    []string
	hidden []string // what no message may hold

	author, committer string // as NAME <EMAIL>
	imports           int
	most              int64 // bytes of a file, as it was last asked for
}

// around is what a command prints beside a state, at most.
const around = 1 << 20

// bounded is a buffer that takes no more than most. It does not embed the buffer, whose
// ReadFrom io.Copy would call in place of Write.
type bounded struct {
	text bytes.Buffer
	most int64
	over error // a *input.TooLargeError, once there was more
}

func (b *bounded) Write(p []byte) (int, error) {
	if int64(b.text.Len()+len(p)) > b.most+around {
		b.over = &input.TooLargeError{Most: b.most}
		return 0, b.over
	}
	return b.text.Write(p)
}

// workshops are those of this process, for Clean.
var workshops struct {
	sync.Mutex
	dirs []string
}

// Clean removes the temporary folders of this process.
func Clean() {
	workshops.Lock()
	defer workshops.Unlock()
	for _, dir := range workshops.dirs {
		_ = os.RemoveAll(dir)
	}
	workshops.dirs = nil
}

func newWorkshop(ctx context.Context, at fileURL, format string) (*workshop, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return nil, &state.StoreError{Message: "git is not installed", Advice: "install git 2.31 or later, or keep the state elsewhere", Err: err}
	}
	if err := newEnough(ctx); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "aliasctl-git-*")
	if err != nil {
		return nil, &state.StoreError{Message: err.Error(), Advice: "git needs a folder for temporary files: check TMPDIR", Err: err}
	}
	workshops.Lock()
	workshops.dirs = append(workshops.dirs, dir)
	workshops.Unlock()
	w := &workshop{dir: dir, format: format}
	w.env, w.hidden = environment(os.Environ(), dir, at.origin)
	w.author, w.committer = identity("AUTHOR"), identity("COMMITTER")
	_, err = w.run(ctx, nil, "init", "--quiet", "--bare", "--template=", "--object-format="+format, filepath.Join(dir, "repo.git"))
	if err != nil {
		return nil, explain(err)
	}
	if strings.HasPrefix(at.remote, "ssh:") && os.Getenv("GIT_SSH") == "" && os.Getenv("GIT_SSH_COMMAND") == "" {
		if command, _ := w.run(ctx, nil, "config", "--get", "core.sshCommand"); len(bytes.TrimSpace(command)) == 0 {
			w.env = append(w.env, "GIT_SSH_COMMAND=ssh -o BatchMode=yes") // which asks no question
		}
	}
	return w, nil
}

// newEnough refuses a git that would ignore its configuration in variables (before 2.31),
// the credentials with it.
func newEnough(ctx context.Context) error {
	told, err := exec.CommandContext(ctx, "git", "version").Output()
	var major, minor int
	if _, scanErr := fmt.Sscanf(string(told), "git version %d.%d", &major, &minor); err != nil || scanErr != nil {
		return nil // the first command will tell
	}
	if major < 2 || major == 2 && minor < 31 {
		return &state.StoreError{Message: fmt.Sprintf("git is too old: it is version %d.%d", major, minor), Advice: "install git 2.31 or later, or keep the state elsewhere"}
	}
	return nil
}

// identity is who makes the commits: the user's choice by the variables of
// git, else the program.
func identity(role string) string {
	plain := func(name, otherwise string) string {
		if value := strings.Trim(strings.Map(func(r rune) rune {
			if r < ' ' || r == '<' || r == '>' {
				return -1
			}
			return r
		}, os.Getenv("GIT_"+role+"_"+name)), " "); value != "" {
			return value
		}
		return otherwise
	}
	return plain("NAME", "aliasctl") + " <" + plain("EMAIL", "aliasctl@localhost") + ">"
}

// kept are the variables of git that choose how a server is reached. Others choose a
// repository, or trace; they stay out.
var kept = []string{"GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
	"GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_PROXY_COMMAND"}

// environment is that of git: the user's, with the credentials of
// ALIASCTL_GIT_TOKEN for the remote and for no other host.
func environment(users []string, dir, origin string) (env, hidden []string) {
	has := make(map[string]string)
	for _, pair := range users {
		name, value, _ := strings.Cut(pair, "=")
		has[name] = value
		if !strings.HasPrefix(name, "GIT_") || slices.Contains(kept, name) || strings.HasPrefix(name, "GIT_SSL_") || strings.HasPrefix(name, "GIT_HTTP_") {
			env = append(env, pair)
		}
	}
	// Configuration in variables, as CI systems give it, comes first.
	n := 0
	for ; ; n++ {
		key, ok := has[fmt.Sprintf("GIT_CONFIG_KEY_%d", n)]
		if !ok || has["GIT_CONFIG_COUNT"] == "" || n >= 100 {
			break
		}
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", n, key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n, has[fmt.Sprintf("GIT_CONFIG_VALUE_%d", n)]))
	}
	set := func(key, value string) {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", n, key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", n, value))
		n++
	}
	for _, pair := range [][2]string{
		{"core.hooksPath", os.DevNull}, {"core.fsmonitor", "false"}, {"gc.auto", "0"}, {"maintenance.auto", "false"},
		{"push.gpgSign", "false"}, {"push.followTags", "false"}, {"push.recurseSubmodules", "no"}, {"fetch.recurseSubmodules", "no"},
		{"submodule.recurse", "false"}, {"core.logAllRefUpdates", "false"}, {"advice.pushUpdateRejected", "false"},
	} {
		set(pair[0], pair[1])
	}
	if token := has["ALIASCTL_GIT_TOKEN"]; token != "" && origin != "" {
		user := has["ALIASCTL_GIT_USERNAME"]
		switch {
		case user != "":
		case token == has["CI_JOB_TOKEN"]:
			user = "gitlab-ci-token"
		default:
			user = "x-access-token" // as GitHub wants it; others take any
		}
		basic := base64.StdEncoding.EncodeToString([]byte(user + ":" + token))
		set("credential.helper", "")
		set("http."+origin+".extraHeader", "")
		set("http."+origin+".extraHeader", "Authorization: Basic "+basic)
		hidden = append(hidden, token, basic)
	}
	env = append(env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", n))
	for name, value := range map[string]string{
		"GIT_DIR": filepath.Join(dir, "repo.git"), "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
		"LC_ALL": "C", "LANGUAGE": "", "GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": "30",
	} {
		env = append(env, name+"="+value)
	}
	return env, hidden
}

// commandError is a git that failed.
type commandError struct {
	verb   string
	code   int // -1 when it did not end by itself
	stderr string
	err    error
	token  bool // it had ALIASCTL_GIT_TOKEN
}

func (e *commandError) Error() string { return fmt.Sprintf("git %s: %v: %s", e.verb, e.err, e.stderr) }
func (e *commandError) Unwrap() error { return e.err }

// run runs git; stdin may be nil. Its error is a *commandError.
func (w *workshop) run(ctx context.Context, stdin []byte, args ...string) (stdout []byte, err error) {
	return w.runUpTo(ctx, input.MaxState, stdin, args...)
}

// runUpTo is run for a command that prints at most so many bytes of a file.
func (w *workshop) runUpTo(ctx context.Context, most int64, stdin []byte, args ...string) (stdout []byte, err error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	cmd.WaitDelay = 2 * time.Second // for what it has started
	cmd.Stdin = bytes.NewReader(stdin)
	out, errs := bounded{most: most}, bounded{most: most}
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if out.over != nil {
			err = out.over
		}
		failed := &commandError{verb: verbOf(args), code: -1, stderr: w.clean(errs.text.String()), err: err, token: len(w.hidden) > 0}
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			failed.code = exit.ExitCode()
		}
		if ctx.Err() != nil {
			failed.err = context.Cause(ctx)
		}
		return out.text.Bytes(), failed
	}
	return out.text.Bytes(), nil
}

func verbOf(args []string) string {
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			return arg
		}
	}
	return ""
}

var userinfo = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`://[^/@\s']+@`) })

// clean takes credentials out of what git has printed.
func (w *workshop) clean(text string) string {
	for _, secret := range w.hidden {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return userinfo().ReplaceAllStringFunc(text, func(user string) string {
		if user == "://git@" {
			return user
		}
		return "://***@"
	})
}
