package secrets

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"aliasctl/internal/acceptance/program"
	"aliasctl/internal/acceptance/scene"
	"aliasctl/internal/cli"
	"aliasctl/internal/emulator"
	"aliasctl/internal/state/stores"
	"aliasctl/internal/testkit"
)

// canaries are tokens that must show up nowhere. One has every character that
// an encoding changes.
var canaries = []string{"root:c4n/ary+p&ss <w>ord=\"7\"ü", "db_admin:plainCanaryPassword", "0a1b2c3d4e5f60718293a4b5c6d7e8f9canaryapikey"}

// spellings are the forms in which a token would give itself away.
func spellings(token string) []string {
	secrets := []string{token}
	if _, password, ok := strings.Cut(token, ":"); ok {
		secrets = append(secrets, password)
	}
	var all []string
	for _, s := range secrets {
		raw, quoted, encoded := []byte(s), strconv.Quote(s), string(inJSON(s))
		all = append(all, s, quoted[1:len(quoted)-1], encoded[1:len(encoded)-1], url.QueryEscape(s), url.PathEscape(s),
			base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
			base64.URLEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw))
	}
	return all
}

func inJSON(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return text
}

// TestSecrets runs every command and format with canary tokens, against
// servers that repeat them, and searches all that was written: both streams,
// and every file of the folder (promise "Secrets").
func TestSecrets(t *testing.T) {
	dir := scene.Shared(t)
	var runs, files atomic.Int64
	var group errgroup.Group
	group.SetLimit(scene.Abreast)
	for _, token := range canaries {
		for how := -1; how < gossips; how++ {
			for _, at := range []int{1, 4, 20, 22, 30, 40} {
				if how < 0 && at > 1 {
					continue
				}
				for i, format := range []string{"text", "diff", "json"} {
					if scene.LeftOut(3*(how+1) + at + i) {
						continue
					}
					group.Go(func() error {
						n, err := betray(dir, token, how, at, format)
						if err != nil {
							t.Errorf("token %q, gossip %d from request %d, -o %s:\n%v", token, how, at, format, err)
						}
						runs.Add(9)
						files.Add(int64(n))
						return nil
					})
				}
			}
		}
	}
	_ = group.Wait()
	t.Logf("runs: %d, tokens: %d, forms of gossip: %d, files searched: %d", runs.Load(), len(canaries), gossips, files.Load())
}

// betray plays a scene with a gossip, and returns how many files were searched.
func betray(parent, token string, how, at int, format string) (files int, err error) {
	c, err := scene.Play(scene.RichStory, emulator.V26, parent)
	if err != nil {
		return 0, err
	}
	defer c.End()
	g := &gossip{Handler: c.Emulator, how: how, at: at}
	server := httptest.NewServer(g)
	defer server.Close()
	store, err := stores.Open(c.StatePath())
	if err == nil {
		err = store.Save(context.Background(), c.State(c.Emulator, server.URL))
	}
	if err != nil {
		return 0, err
	}

	// Where the token may be is not among the files to search.
	secret := c.Dir + ".token"
	if err := os.WriteFile(secret, []byte(token+"\n"), 0o600); err != nil {
		return 0, err
	}
	defer os.Remove(secret)
	var written program.Output
	run := func(line ...string) {
		g.begin()
		e := program.Perform(c.Dir, append([]string{"aliasctl"}, line...)...)
		fmt.Fprintf(&written, "$ aliasctl %s\n%s%s", line[0], e.Stdout, e.Stderr)
	}
	manifest := filepath.Join(c.Dir, "aliases.yaml")
	connection := []string{"--uri", server.URL, "--token-file", secret, "--timeout", "2s", "--retries", "0"}
	reports := slices.Concat(connection, []string{"-f", manifest, "-o", format})
	for _, f := range []string{"text", "diff", "json"} {
		reports = append(reports, "--output-file", f+"="+filepath.Join(c.Dir, "report."+f))
	}
	sync := append([]string{"sync", "--accept-cluster", "--settle", "1ms", "--patience", "0s", "--drain", "0s"}, reports...)
	run(append(sync, "--dry-run", "--plan-out", filepath.Join(c.Dir, "plan.json"))...)
	run(append([]string{"drift"}, reports...)...)
	c.AddHook(testkit.Hook{Match: testkit.Match{Writes: true, Nth: 1}, Do: func(testkit.Request) {
		// The lock is held and its file is there only now.
		if lock, err := os.ReadFile(c.StatePath() + ".lock"); err == nil {
			written.Write(lock)
		}
	}})
	run(append(sync, "--apply", "--overwrite-drift", "all", "--take-over", "all")...)
	run(append([]string{"rollback", "--accept-cluster", "--patience", "0s", "--apply"}, reports...)...)
	run(append([]string{"export", "--all-databases"}, connection...)...)
	run(append([]string{"doctor", "-f", manifest}, connection...)...)
	run("history", "-f", manifest)
	run("state", "list", "-f", manifest)
	run("validate", "-f", manifest)
	return search(c.Dir, token, written.String())
}

// search looks for a token in a text and in every file of a folder.
func search(dir, token, written string) (files int, err error) {
	look := func(where, text string) {
		for _, s := range spellings(token) {
			if at := strings.Index(text, s); at >= 0 {
				err = errors.Join(err, fmt.Errorf("%s holds %q: ...%s...", where, s, text[max(0, at-200):min(len(text), at+200)]))
				return
			}
		}
	}
	look("the output", written)
	walkErr := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil {
			files++
			look(path, path+"\n"+string(content))
		}
		return err
	})
	return files, errors.Join(err, walkErr)
}

// TestSecretsOfCrash panics while the token is known: in the middle of a plan,
// with the token in the panic itself.
func TestSecretsOfCrash(t *testing.T) {
	for _, token := range canaries {
		c, err := scene.Play(scene.RichStory, emulator.V26, scene.Shared(t))
		if err != nil {
			t.Fatal(err)
		}
		secret := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(secret, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		code := cli.Main(c.Command("--token-file", secret), strings.NewReader(""), bomb("cannot write "+token), &stderr)
		if code != 70 || !strings.Contains(stderr.String(), "goroutine") {
			t.Errorf("exit code %d, want 70 with a trace: %s", code, stderr.String())
		}
		if _, err := search(c.Dir, token, stderr.String()); err != nil {
			t.Error(err)
		}
		c.End()
	}
}

// bomb is a stream that panics when it is written to.
type bomb string

func (b bomb) Write([]byte) (int, error) { panic(string(b)) }

// TestSecretsOfRealProgram gives the token by the environment to the real
// program, which is left alone, interrupted, killed, or ended by SIGQUIT with
// a dump of every stack. What it writes and leaves behind is searched.
func TestSecretsOfRealProgram(t *testing.T) {
	dir := scene.Shared(t)
	for _, token := range canaries {
		for _, signal := range []os.Signal{syscall.SIGKILL, syscall.SIGQUIT, syscall.SIGTERM, nil} {
			c, err := scene.Play(scene.RichStory, emulator.V26, dir)
			if err != nil {
				t.Fatal(err)
			}
			p := c.Spawn("-o", "text")
			p.Command.Env = append(p.Command.Env, "MILVUS_TOKEN="+token, "GOTRACEBACK=all")
			c.AddFault(testkit.Fault{Match: testkit.Match{Writes: true, Nth: 1, Times: -1}, When: testkit.After, Kind: testkit.Echo})
			c.AddHook(testkit.Hook{Match: testkit.Match{Writes: true, Nth: 1}, Do: func(testkit.Request) {
				if signal != nil {
					p.Signalled(signal)
					if signal != syscall.SIGTERM {
						<-p.Done
					}
				}
			}})
			e, err := p.Whole()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := search(c.Dir, token, e.String()); err != nil {
				t.Errorf("%v: %v", signal, err)
			}
			c.End()
		}
	}
}

// TestSecretsOfDev serves with a token, to clients with the right one, a wrong
// one and none.
func TestSecretsOfDev(t *testing.T) {
	for _, token := range canaries {
		dir := t.TempDir()
		secret := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(secret, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		p := program.NewChild(dir, "aliasctl", "dev", "--listen", "127.0.0.1:0", "--token-file", secret)
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
		p.Prints(func(said string) bool { return address.MatchString(said) })
		uri := address.FindString(p.Stdout.String() + p.Stderr.String())
		if uri == "" {
			p.Kill()
			t.Fatalf("it does not serve: %s%s", p.Stdout.String(), p.Stderr.String())
		}
		if a := program.Ask(t, uri, token+"x", "/v2/vectordb/aliases/list", nil); a.Code != 1800 {
			t.Errorf("a wrong token: %d %s", a.Code, a.Message)
		}
		if a := program.Ask(t, uri, token, "/v2/vectordb/aliases/list", map[string]any{}); !a.OK() {
			t.Errorf("the right token: %d %s", a.Code, a.Message)
		}
		p.Signalled(syscall.SIGTERM)
		e, err := p.Ending()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := search(dir, token, e.String()); err != nil {
			t.Error(err)
		}
	}
}
