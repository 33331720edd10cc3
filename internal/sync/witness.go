package sync

import (
	"context"
	"fmt"
	stdsync "sync"

	"aliasctl/executor"
	"aliasctl/internal/milvus"
	"aliasctl/planner"
)

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
	var asking stdsync.WaitGroup
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
	if r.Choices.AcceptCluster {
		state = planner.State{} // its ids prove nothing
	}
	state = r.identity.refreshed(state)
	why, err := askWitness(r.soft, proxy, state)
	switch {
	case r.soft.Err() != nil:
		return interrupted("while asking --verify-uri; nothing was changed")
	case err != nil:
		return &Failure{Code: Failed, What: fmt.Sprintf("cannot ask --verify-uri %s, nothing was changed: %v", proxy.URI(), err), Hint: hintOf(err), Err: err}
	case why != "":
		return refused("check --verify-uri, nothing was changed; if the collections were dropped or built anew, `--accept-cluster` asks it all the same",
			"--verify-uri %s is a proxy of another cluster: %s", proxy.URI(), why)
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
	if err == nil && len(found.read) == 0 { // it was asked nothing that a gateway could not answer
		err = proxy.Resolves(ctx)
	}
	return found.why, err
}
