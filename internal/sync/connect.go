package sync

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"aliasctl/internal/emulator"
	"aliasctl/internal/input"
	"aliasctl/internal/milvus"
	statefile "aliasctl/internal/state"
)

// namesPerAlias is how many names a shared cluster may have for each alias that is
// managed: what a stranger can make large is bounded in proportion to that.
const namesPerAlias = 20

// connection is a client with what has to be closed behind it.
type connection struct {
	*milvus.Client
	config   milvus.Config
	server   *emulator.Server   // of an embedded cluster
	emulator *emulator.Emulator // likewise
}

// connect makes the client of the cluster. nameDefault says that the manifest
// spells the default database out.
func (r *run) connect(nameDefault bool) (*connection, error) {
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	uri := r.Cluster.URI
	conn := &connection{}
	if seed, embedded := strings.CutPrefix(uri, statefile.Embedded); embedded {
		if conn.emulator, err = emulator.Open(seed, emulator.V26); err != nil {
			return nil, EmbeddedError(seed, err)
		}
		if conn.server, err = emulator.Start(conn.emulator, "127.0.0.1:0", emulator.ServerOptions{}); err != nil {
			conn.Close()
			return nil, err
		}
		uri = conn.server.URL()
	}
	c := r.Cluster
	conn.config = milvus.Config{
		Token:  token,
		CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile,
		InsecureSkipVerify: c.InsecureSkipVerify,
		Timeout:            c.Timeout,
		RequestTimeout:     c.RequestTimeout,
		Retries:            c.Retries,
		CollectionAPI:      c.CollectionAPI,
		NameDefault:        nameDefault,
		Parallel:           c.Parallel,
		MaxNames:           c.MaxNames,
		UserAgent:          c.UserAgent,
		Warn:               r.Console.Warn,
	}
	if c.MaxNames == 0 {
		conn.config.MaxNames = max(milvus.DefaultMaxNames, namesPerAlias*r.managed)
	}
	if conn.Client, err = conn.at("uri", uri); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// at is a client of the same settings for another address.
func (c *connection) at(flag, uri string) (*milvus.Client, error) {
	config := c.config
	config.URI = uri
	client, err := milvus.New(config)
	if bad, ok := errors.AsType[*milvus.ConfigError](err); ok && bad.Field != "token" {
		return nil, configError(flag, bad, err)
	}
	return client, err
}

// reader is a client of the same settings that cannot write.
func (c *connection) reader() (*milvus.Reader, error) {
	config := c.config
	config.URI = c.URI()
	config.Warn = nil // warned already
	return milvus.NewReader(config)
}

// Close ends the client and the embedded cluster.
func (c *connection) Close() {
	if c.Client != nil {
		c.Client.Close()
	}
	if c.server != nil {
		c.server.Close()
	}
	if c.emulator != nil {
		c.emulator.Close()
	}
}

// configError names the option that holds what a client does not take.
func configError(flag string, bad *milvus.ConfigError, err error) error {
	what := bad.Error()
	if bad.Field == "uri" {
		what = strings.Replace(what, bad.Field, flag, 1)
	}
	return &Failure{Code: Usage, What: "--" + what, Hint: bad.Hint(), Err: err}
}

// checkAddresses refuses an address that no client takes before anything is done
// with it.
func checkAddresses(c Connection) error {
	check := func(flag, uri string) error {
		err := milvus.CheckURI(uri)
		if bad, ok := errors.AsType[*milvus.ConfigError](err); ok {
			return configError(flag, bad, err)
		}
		return err
	}
	if c.URI != "" && !strings.HasPrefix(c.URI, statefile.Embedded) {
		if err := check("uri", c.URI); err != nil {
			return err
		}
	}
	for _, uri := range c.VerifyURIs {
		if err := check("verify-uri", uri); err != nil {
			return err
		}
	}
	return nil
}

// EmbeddedError explains an embedded cluster that cannot be opened.
func EmbeddedError(seed string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return Usagef("`embedded:FILE` starts from a catalogue in FILE, `embedded:` from nothing", "seed %q of the embedded cluster does not exist", seed)
	}
	return err
}

// token reads the token, and has it kept out of everything that is shown.
func (r *run) token() (string, error) {
	token := r.variable("MILVUS_TOKEN")
	if r.Cluster.TokenFile != "" {
		var err error
		if token, err = ReadToken(r.soft, r.Cluster.TokenFile); err != nil {
			return "", err
		}
	}
	r.redactor = milvus.NewRedactor(token)
	r.Console.Secret(token)
	return token, nil
}

// ReadToken reads the token in a file.
func ReadToken(ctx context.Context, path string) (string, error) {
	text, err := input.Read(ctx, path, input.MaxToken)
	if err != nil {
		// Which file is left out: it is a common mistake to give the token itself.
		if cause, ok := errors.AsType[*fs.PathError](err); ok {
			err = cause.Err
		}
		return "", &Failure{Code: Usage, What: fmt.Sprintf("cannot read the file of --token-file: %v", err), Err: err,
			Hint: "it names a file with an API key or user:password in it, as ALIASCTL_TOKEN_FILE does; the token itself goes into MILVUS_TOKEN"}
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", Usagef("put an API key or user:password into it", "the token file %q is empty", path)
	}
	return token, nil
}
