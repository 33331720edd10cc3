package s3

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aliasctl/internal/state"
)

// neverAnETag is no ETag of any object: those are sums.
const neverAnETag = "aliasctl-no-such-version"

// proven is what Prove returns.
const proven = "conditions"

// Prove is state.Prover's.
func (s *Store) Prove(ctx context.Context, name, known string) (string, error) {
	ignores := func(condition string) (string, error) {
		return "", &state.UnconditionalError{Why: "it ignores " + condition}
	}
	// The first may create the object; the second never.
	for created := 0; ; {
		refused, err := s.attempt(ctx, name, "")
		if err != nil {
			return "", err
		}
		if refused {
			break
		}
		if created++; created == 2 {
			return ignores("If-None-Match")
		}
	}
	refused, err := s.attempt(ctx, name, neverAnETag)
	if err != nil {
		return "", err
	}
	if !refused {
		return ignores("If-Match")
	}
	return proven, nil
}

// attempt writes a free lock on a condition and says whether that was refused.
func (s *Store) attempt(ctx context.Context, name, etag string) (refused bool, err error) {
	free := []byte("{\"id\":\"\"}\n")
	for pause := state.Pauses(10 * time.Second); ; {
		_, err := s.put(ctx, name, etag, free, "")
		var said *state.StoreError
		switch {
		case err == nil:
			return false, nil
		case !errors.As(err, &said):
			return false, err
		case said.Class == state.Refused:
			return true, nil
		case said.Status == 501 || said.Status == 400 && said.Code == "NotImplemented":
			return false, &state.UnconditionalError{Why: fmt.Sprintf("%v", said)}
		case said.Class == state.Final || !pause(ctx):
			return false, err
		}
	}
}
