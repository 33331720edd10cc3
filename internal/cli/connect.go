package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"aliasctl/executor"
	"aliasctl/internal/emulator"
	"aliasctl/internal/input"
	"aliasctl/internal/milvus"
	statefile "aliasctl/internal/state"
	"aliasctl/planner"
)

// connection is a client with what has to be closed behind it.
type connection struct {
	*milvus.Client
	config   milvus.Config
	server   *emulator.Server   // of an embedded cluster
	emulator *emulator.Emulator // likewise
}

// connect makes the client that the flags describe. nameDefault says that the
// manifest spells the default database out.
func connect(c *cli.Context, s *streams, nameDefault bool) (*connection, error) {
	token, err := tokenOf(c, s)
	if err != nil {
		return nil, err
	}
	s.redactor = milvus.NewRedactor(token)
	uri := c.String("uri")
	conn := &connection{}
	if seed, embedded := strings.CutPrefix(uri, statefile.Embedded); embedded {
		if conn.emulator, err = emulator.Open(seed, emulator.V26); err != nil {
			return nil, embeddedError(seed, err)
		}
		if conn.server, err = emulator.Start(conn.emulator, "127.0.0.1:0", emulator.ServerOptions{}); err != nil {
			conn.Close()
			return nil, err
		}
		uri = conn.server.URL()
	}
	conn.config = clientConfig(c, s, token, nameDefault)
	if conn.Client, err = conn.at("uri", uri); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// clientConfig is what the flags say of every client of a run.
func clientConfig(c *cli.Context, s *streams, token string, nameDefault bool) milvus.Config {
	return milvus.Config{
		Token:  token,
		CAFile: c.String("ca-file"), CertFile: c.String("cert-file"), KeyFile: c.String("key-file"),
		InsecureSkipVerify: c.Bool("insecure-skip-verify"),
		Timeout:            c.Duration("timeout"),
		RequestTimeout:     time.Duration(c.Int("request-timeout")) * time.Second,
		Retries:            c.Int("retries"),
		CollectionAPI:      milvus.CollectionAPI(c.String("collection-api")),
		NameDefault:        nameDefault,
		Parallel:           c.Int("parallel"),
		MaxNames:           s.maxNames(c),
		UserAgent:          "aliasctl/" + version(),
		Warn:               s.warn,
	}
}

// at is a client of the same settings for another address.
func (c *connection) at(flag, uri string) (*milvus.Client, error) {
	config := c.config
	config.URI = uri
	client, err := milvus.New(config)
	var bad *milvus.ConfigError
	if errors.As(err, &bad) && bad.Field != "token" {
		what := bad.Error()
		if bad.Field == "uri" {
			what = strings.Replace(what, bad.Field, flag, 1)
		}
		return nil, &usageError{what: "--" + what, hint: bad.Hint(), err: err}
	}
	return client, err
}

// checkAddresses refuses an address that no client takes before anything is done
// with it.
func checkAddresses(c *cli.Context) error {
	check := func(flag, uri string) error {
		err := milvus.CheckURI(uri)
		var bad *milvus.ConfigError
		if errors.As(err, &bad) {
			return &usageError{what: "--" + strings.Replace(bad.Error(), bad.Field, flag, 1), hint: bad.Hint(), err: err}
		}
		return err
	}
	if uri := c.String("uri"); uri != "" && !strings.HasPrefix(uri, statefile.Embedded) {
		if err := check("uri", uri); err != nil {
			return err
		}
	}
	for _, uri := range c.StringSlice("verify-uri") {
		if err := check("verify-uri", uri); err != nil {
			return err
		}
	}
	return nil
}

// witness is a proxy that has to see a switch.
type witness struct{ *milvus.Client }

var _ executor.Witness = witness{}

// Name is the address.
func (w witness) Name() string { return w.URI() }

// witnesses makes a client for each --verify-uri.
func (c *connection) witnesses(uris []string) ([]executor.Witness, error) {
	var all []executor.Witness
	for _, uri := range uris {
		client, err := c.at("verify-uri", uri)
		if err != nil {
			return nil, err
		}
		all = append(all, witness{client})
	}
	return all, nil
}

// checkWitnesses asks each --verify-uri before anything is changed, whether or
// not there is a switch to confirm: a wrong address shows in the pull request,
// not in the deploy that needs it. One that does not answer would undo a
// switch, and one of another cluster, which may have an alias of the same name,
// would confirm nothing about ours.
func (r *run) checkWitnesses(state planner.State) error {
	found := make([]error, len(r.witnesses))
	var asking sync.WaitGroup
	for i, w := range r.witnesses {
		asking.Go(func() { found[i] = r.checkWitness(w.(witness).Client, state) })
	}
	asking.Wait()
	for _, err := range found {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) checkWitness(proxy *milvus.Client, state planner.State) error {
	if r.c.Bool("accept-cluster") {
		state = planner.State{} // its ids prove nothing
	}
	state = r.identity.refreshed(state)
	why, err := askWitness(r.signals.soft, proxy, state)
	switch {
	case r.signals.soft.Err() != nil:
		return &interruptedError{what: "while asking --verify-uri; nothing was changed"}
	case err != nil:
		return &failedError{what: fmt.Sprintf("cannot ask --verify-uri %s, nothing was changed: %v", proxy.URI(), err), hint: hintOf(err), err: err}
	case why != "":
		return &refusedError{what: fmt.Sprintf("--verify-uri %s is a proxy of another cluster: %s", proxy.URI(), why),
			hint: "check --verify-uri, nothing was changed; if the collections were dropped or built anew, `--accept-cluster` asks it all the same"}
	}
	return nil
}

// askWitness asks whether Milvus answers at a --verify-uri, and why it is of
// another cluster than the state, "" when nothing shows that.
func askWitness(ctx context.Context, proxy *milvus.Client, state planner.State) (why string, err error) {
	if err := proxy.Answers(ctx); err != nil {
		return "", err
	}
	found, err := identify(ctx, proxy, state, "there")
	return found.why, err
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

// embeddedError explains an embedded cluster that cannot be opened.
func embeddedError(seed string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return usagef("`embedded:FILE` starts from a catalogue in FILE, `embedded:` from nothing", "seed %q of the embedded cluster does not exist", seed)
	}
	return err
}

// tokenOf reads the token. A file that was named wins over the variable.
func tokenOf(c *cli.Context, s *streams) (string, error) {
	path := c.String("token-file")
	if path == "" {
		return s.variable("MILVUS_TOKEN"), nil
	}
	text, err := input.Read(s.reading(), path, input.MaxToken)
	if err != nil {
		return "", tokenFileError(err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", usagef("put an API key or user:password into it", "the token file %q is empty", path)
	}
	return token, nil
}

// tokenFileError does not say which file: it is a common mistake to give the
// token itself.
func tokenFileError(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	return &usageError{what: fmt.Sprintf("cannot read the file of --token-file: %v", err), err: err,
		hint: "it names a file with an API key or user:password in it, as ALIASCTL_TOKEN_FILE does; the token itself goes into MILVUS_TOKEN"}
}

// answered says first when nobody is there: a wrong address is the likeliest
// reason why a state belongs to another cluster, and the first thing to mend.
func (r *run) answered(conn *connection) error {
	if conn == nil { // offline
		return nil
	}
	if err := conn.Answers(r.signals.soft); err != nil {
		return r.readFailed(err)
	}
	return nil
}
