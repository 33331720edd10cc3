package examples

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"aliasctl/internal/acceptance/program"
)

// released is the version that the examples install.
const released = "1.0.0"

// forge is what stands in place of GitHub and GitLab: repositories below dir over
// git's own HTTP server, and the release that the examples download.
type forge struct {
	URL string // without a slash at its end
	CA  string // the file with its certificate
	dir string
	// files are what is downloaded, by their path. A test may change them.
	files map[string][]byte
}

// newForge has the repository shop/search with the branch of the state.
func newForge(t *testing.T) *forge {
	t.Helper()
	f := &forge{dir: t.TempDir(), files: map[string][]byte{}}
	repository := f.repository()
	program.Must(t, os.MkdirAll(filepath.Dir(repository), 0o755))
	gitIn(t, f.dir, "init", "--quiet", "--bare", "--initial-branch", "main", repository)
	gitIn(t, repository, "config", "http.receivepack", "true")
	tree := strings.TrimSpace(gitIn(t, repository, "hash-object", "-t", "tree", "-w", "--stdin"))
	commit := strings.TrimSpace(gitIn(t, repository, "commit-tree", "-m", "states", tree))
	gitIn(t, repository, "update-ref", "refs/heads/aliasctl-state", commit)

	place := "/your-org/aliasctl/releases/download/v" + released + "/"
	archive := fmt.Sprintf("aliasctl_%s_%s_%s.tar.gz", released, runtime.GOOS, runtime.GOARCH)
	f.files[place+archive] = archived(t)
	f.files[place+"checksums.txt"] = fmt.Appendf(nil, "%x  aliasctl_%s_plan9_amd64.tar.gz\n%x  %s\n",
		sha256.Sum256(nil), released, sha256.Sum256(f.files[place+archive]), archive)

	backend := filepath.Join(strings.TrimSpace(gitIn(t, f.dir, "--exec-path")), "git-http-backend")
	git := &cgi.Handler{Path: backend, Dir: f.dir, Env: []string{"GIT_PROJECT_ROOT=" + f.dir, "GIT_HTTP_EXPORT_ALL=1",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "REMOTE_USER=ci"}, InheritEnv: []string{"PATH"}, Stderr: io.Discard}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if content, found := f.files[r.URL.Path]; found {
			_, _ = w.Write(content)
			return
		}
		if at := strings.TrimSuffix(r.URL.Path, "/"); strings.HasPrefix(at, "/shop/search/") { // as forges take it too
			r.URL.Path = "/shop/search.git/" + strings.TrimPrefix(at, "/shop/search/")
		}
		if !strings.HasPrefix(r.URL.Path, "/shop/search.git/") {
			http.NotFound(w, r)
			return
		}
		git.ServeHTTP(w, r)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, forgeHost)}}
	server.StartTLS()
	t.Cleanup(server.Close)
	f.URL, f.CA = server.URL, filepath.Join(f.dir, "ca.pem")
	program.Must(t, os.WriteFile(f.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o644))
	return f
}

// forgeHost is another name of the forge. GitHub's actions for artifacts take a server of
// that domain, or github.com.
const forgeHost = "forge.localhost"

// certificate is one for a name and 127.0.0.1 that signs itself.
func certificate(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	program.Must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	program.Must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// environment makes curl, git and Node trust the forge.
func (f *forge) environment() []string {
	return []string{"CURL_CA_BUNDLE=" + f.CA, "GIT_SSL_CAINFO=" + f.CA, "NODE_EXTRA_CA_CERTS=" + f.CA}
}

func (f *forge) repository() string { return filepath.Join(f.dir, "shop", "search.git") }

// archived is the program as a release has it.
func archived(t *testing.T) []byte {
	t.Helper()
	binary, err := exec.LookPath("aliasctl")
	program.Must(t, err)
	content, err := os.ReadFile(binary)
	program.Must(t, err)
	var b bytes.Buffer
	packed, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	files := tar.NewWriter(packed)
	for _, file := range []struct {
		name    string
		mode    int64
		content []byte
	}{{"LICENSE", 0o644, []byte("license\n")}, {"aliasctl", 0o755, content}} {
		program.Must(t, files.WriteHeader(&tar.Header{Name: file.name, Mode: file.mode, Size: int64(len(file.content))}))
		_, err := files.Write(file.content)
		program.Must(t, err)
	}
	program.Must(t, files.Close())
	program.Must(t, packed.Close())
	return b.Bytes()
}
