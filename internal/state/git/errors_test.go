package git

import (
	"errors"
	"testing"

	"aliasctl/internal/state"
)

// TestWordsOfGit has what git, curl and ssh print where a repository is not reached:
// what may pass is tried again.
func TestWordsOfGit(t *testing.T) {
	for stderr, class := range map[string]state.Class{
		"fatal: unable to access 'https://host/r.git/': OpenSSL SSL_read: Connection reset by peer, errno 104":                                    state.Busy,
		"fatal: unable to access 'https://host/r.git/': OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to host:443":                         state.Busy,
		"fatal: unable to access 'https://host/r.git/': gnutls_handshake() failed: The TLS connection was non-properly terminated.":               state.Busy,
		"fatal: unable to access 'https://host/r.git/': GnuTLS recv error (-54): Error in the pull function.":                                     state.Busy,
		"error: RPC failed; curl 56 OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, errno 0":                         state.Busy,
		"fatal: unable to access 'https://host/r.git/': HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)":                           state.Busy,
		"fatal: unable to access 'https://host/r.git/': Error in the HTTP2 framing layer":                                                         state.Busy,
		"fatal: unable to access 'https://host/r.git/': Received HTTP code 503 from proxy after CONNECT":                                          state.Busy,
		"fatal: unable to access 'https://host/r.git/': SSL connection timeout; Operation timed out after 30001 milliseconds":                     state.Busy,
		"kex_exchange_identification: Connection closed by remote host\nConnection closed by 10.0.0.1 port 22\nfatal: Could not read from remote": state.Busy,
		"kex_exchange_identification: read: Connection reset by peer\nfatal: Could not read from remote repository.":                              state.Busy,
		"Connection to host closed by remote host.\nfatal: Could not read from remote repository.":                                                state.Busy,
		"client_loop: send disconnect: Broken pipe\nfatal: Could not read from remote repository.":                                                state.Busy,
		"remote: GitLab is currently unable to handle this request due to load.":                                                                  state.Busy,
		"fatal: unable to access 'https://host/r.git/': SSL certificate problem: unable to get local issuer certificate":                          state.Final,
		"fatal: unable to access 'https://host/r.git/': server certificate verification failed. CAfile: none CRLfile: none":                       state.Final,
		"fatal: unable to access 'https://host/r.git/': SSL: no alternative certificate subject name matches target host name 'host'":             state.Final,
		"fatal: unable to access 'https://host/r.git/': error:0A00010B:SSL routines::wrong version number":                                        state.Final,
		"fatal: unable to access 'https://host/r.git/': Received HTTP code 407 from proxy after CONNECT":                                          state.Final,
	} {
		err := explain(&commandError{verb: "ls-remote", code: 128, stderr: stderr, err: errors.New("exit status 128")})
		if e := (*state.StoreError)(nil); !errors.As(err, &e) || e.Class != class {
			t.Errorf("%s:\nclass %v, want %v: %v | %s", stderr, e.Class, class, e, e.Advice)
		}
	}
}
