package hostile_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"

	"runtime"
	"strings"
	"testing"
)

// allocated is how many bytes a command line allocates, garbage and all.
func allocated(args ...string) (printed string, code int, bytes uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	printed, code = run(args...)
	runtime.ReadMemStats(&after)
	return printed, code, after.TotalAlloc - before.TotalAlloc
}

// object answers every read with size zeros, and announces them or not.
func object(t *testing.T, size int64, announced bool) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
		w.Header().Set("X-Goog-Generation", "1")
		w.Header().Set("Last-Modified", "Fri, 01 May 2026 12:00:00 GMT")
		if announced {
			w.Header().Set("Content-Length", fmt.Sprint(size))
		}
		if r.Method == http.MethodHead {
			return
		}
		_, _ = io.CopyN(w, zeros{}, size)
	}))
	t.Cleanup(server.Close)
	return server
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// A state in any place that is too large is refused before it is read, or where its
// size is not announced, at the bound; the refusal has the limit, and the flag.
func TestAStateIsBounded(t *testing.T) {
	const size = 24 << 20
	checkout(t)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AZURE_STORAGE_KEY": "c2VjcmV0", "AZURE_STORAGE_CONNECTION_STRING": "",
		"HTTP_PROXY": "", "http_proxy": "", "TF_HTTP_USERNAME": "", "ALIASCTL_HTTP_TOKEN": "",
	} {
		t.Setenv(name, value)
	}
	locate := map[string]func(t *testing.T, announced bool) string{
		"file": func(t *testing.T, announced bool) string {
			if err := os.WriteFile("big.json", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate("big.json", size); err != nil {
				t.Fatal(err)
			}
			return "big.json"
		},
		"s3": func(t *testing.T, announced bool) string {
			return "s3://bucket/key?region=r&insecure=true&endpoint=" + strings.TrimPrefix(object(t, size, announced).URL, "http://")
		},
		"http": func(t *testing.T, announced bool) string {
			return object(t, size, announced).URL + "/state?insecure=true"
		},
		"gs": func(t *testing.T, announced bool) string {
			t.Setenv("STORAGE_EMULATOR_HOST", object(t, size, announced).URL)
			return "gs://bucket/key"
		},
		"azblob": func(t *testing.T, announced bool) string {
			return "azblob://account/container/key?endpoint=" + object(t, size, announced).URL + "/account"
		},
		"git": func(t *testing.T, announced bool) string {
			if _, err := exec.LookPath("git"); err != nil {
				t.Skip("no git")
			}
			dir := t.TempDir()
			in := fmt.Appendf(nil, "commit refs/heads/states\ncommitter a <a@b> 1 +0000\ndata 0\nM 100644 inline s.json\ndata %d\n", size)
			in = append(append(in, make([]byte, size)...), "\ndone\n"...)
			for _, args := range [][]string{{"init", "-q", "--bare", dir}, {"-C", dir, "fast-import", "--quiet", "--done"}} {
				command := exec.Command("git", args...)
				command.Stdin = bytes.NewReader(in)
				if out, err := command.CombinedOutput(); err != nil {
					t.Fatalf("git %q: %v: %s", args, err, out)
				}
			}
			return "git::file://" + dir + "//s.json?ref=states"
		},
	}
	for name, at := range locate {
		for _, announced := range []bool{true, false} {
			if !announced && (name == "file" || name == "git") {
				continue
			}
			t.Run(fmt.Sprintf("%s, announced %v", name, announced), func(t *testing.T) {
				location := at(t, announced)
				// What git and the client libraries need by themselves, and the
				// bound a few times over; never the object.
				printed, code, cost := allocated("state", "show", "--state", location, "--max-state-bytes", "1MiB")
				if code != 1 || !strings.Contains(printed, "larger than 1 MiB") || !strings.Contains(printed, "--max-state-bytes") {
					t.Errorf("exit %d\n%s", code, printed)
				}
				if announced && name != "git" && !strings.Contains(printed, "it has 24 MiB") {
					t.Errorf("what was met is not in it:\n%s", printed)
				}
				if cost > size/2 {
					t.Errorf("%d MiB allocated", cost>>20)
				}
				t.Logf("%d KiB allocated", cost>>10)
				if printed, code := run("state", "show", "--state", location, "--max-state-bytes", "25MiB"); code != 1 || strings.Contains(printed, "larger than") {
					t.Errorf("lifted: exit %d\n%s", code, printed)
				}
			})
		}
	}
}

// The bound of a state follows what the manifest manages; others have one of their own.
func TestTheBoundOfAState(t *testing.T) {
	checkout(t)
	sized := func(n int64) {
		put(t, "aliases.state.json", "")
		if err := os.Truncate("aliases.state.json", n); err != nil {
			t.Fatal(err)
		}
	}
	var many strings.Builder
	many.WriteString("version: 1\naliases:\n")
	for i := range 20_000 {
		fmt.Fprintf(&many, "  a%d: c_2\n", i)
	}
	put(t, "many.yaml", many.String())
	const mib = 1 << 20
	for _, c := range []struct {
		size    int64
		args    []string
		refused string
	}{
		{64*mib + 1, []string{"sync", "--offline"}, "larger than 64 MiB"},
		{78 * mib, []string{"sync", "--offline", "-f", "many.yaml", "--state", "aliases.state.json"}, ""},
		{79 * mib, []string{"sync", "--offline", "-f", "many.yaml", "--state", "aliases.state.json"}, "larger than 78 MiB"},
		{64*mib + 1, []string{"state", "list"}, ""},
		{256*mib + 1, []string{"state", "list"}, "larger than 256 MiB"},
		{256*mib + 1, []string{"history"}, "larger than 256 MiB"},
		{256*mib + 1, []string{"rollback", "--uri", "embedded:cluster.yaml"}, "larger than 256 MiB"},
		{256*mib + 1, []string{"drift", "--uri", "embedded:cluster.yaml"}, "larger than 256 MiB"},
		{256*mib + 1, []string{"state", "push", "aliases.state.json"}, "larger than 256 MiB"},
		{2 * mib, []string{"state", "push", "aliases.state.json", "--max-state-bytes", "1000000"}, "larger than 976 KiB"},
	} {
		sized(c.size)
		printed, code, cost := allocated(c.args...)
		if refused := strings.Contains(printed, "is larger than"); code == 0 || refused != (c.refused != "") || !strings.Contains(printed, c.refused) ||
			refused && !strings.Contains(printed, "--max-state-bytes SIZE") || refused && cost > 32*mib {
			t.Errorf("%q with %d bytes: exit %d, %d MiB allocated\n%s", c.args, c.size, code, cost>>20, printed)
		}
	}
	for _, size := range []string{"0", "x", "-1", "2 PiB"} {
		if printed, code := run("state", "list", "--max-state-bytes", size); code != 64 || !strings.Contains(printed, "512MiB") {
			t.Errorf("--max-state-bytes %s: exit %d\n%s", size, code, printed)
		}
	}
}
