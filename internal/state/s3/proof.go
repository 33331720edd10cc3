package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"aliasctl/internal/state"
)

const (
	// proofVersion is raised when Prove asks for more than before.
	proofVersion = "1"
	// neverAnETag is no ETag of any object: those are sums.
	neverAnETag = "aliasctl-no-such-version"
	// TrialInfix is in the keys of the objects of a trial, after that of the
	// lock; the rest is random.
	TrialInfix = ".try-"

	// With the questions before them, four rounds are about 100 requests.
	rivals       = 10
	trialRounds  = 4
	smallTrial   = 64
	largeTrial   = 256 << 10
	trialTimeout = 5 * time.Minute
)

// A store is tried because many did not know conditional writes for years, and
// ignore the conditions without a word; some know one of the two; some ask for
// the ETag without the quotes that they gave it with; and some keep them only
// while one run writes. On all of those two runs would win one race.
//
// What came out is bound to the endpoint, the bucket, and what the server calls
// itself.

// Ask is state.Prover's.
func (s *Store) Ask(ctx context.Context, name, known string) (proven bool, err error) {
	b, err := s.connect()
	if err != nil {
		return false, err
	}
	if fields := strings.Fields(known); len(fields) == 3 && fields[0] == proofVersion && fields[1] == s.identity(b) {
		b.wire.bare.Store(fields[2] == "bare")
		return true, nil
	}
	return false, s.try(ctx, b, name, func(ctx context.Context, t *trial) error { return t.ask(ctx) })
}

// Race is state.Prover's.
func (s *Store) Race(ctx context.Context, name string) (proof string, err error) {
	b, err := s.connect()
	if err != nil {
		return "", err
	}
	err = s.try(ctx, b, name, func(ctx context.Context, t *trial) error {
		for round := range trialRounds {
			if err := t.race(ctx, []int{smallTrial, largeTrial}[round%2]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	form := "quoted"
	if b.wire.bare.Load() {
		form = "bare"
	}
	return strings.Join([]string{proofVersion, s.identity(b), form}, " "), nil
}

// try makes a trial that leaves no object.
func (s *Store) try(ctx context.Context, b *bucket, name string, do func(context.Context, *trial) error) error {
	ctx, cancel := context.WithTimeout(ctx, trialTimeout)
	defer cancel()
	t := &trial{bucket: b, name: name}
	if err := t.mayRemove(ctx); err != nil {
		return err
	}
	defer t.clean()
	return do(ctx, t)
}

// identity is the store as far as it differs from another one.
func (s *Store) identity(b *bucket) string {
	server := ""
	if said := b.wire.server.Load(); said != nil {
		server = *said
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{b.core.EndpointURL().String(), b.name, server}, "\n")))
	return hex.EncodeToString(sum[:8])
}

// trial is a proof in the making. Its objects have names of their own, so that
// no lock and no state can be hurt.
type trial struct {
	bucket *bucket
	name   string
	keys   []string
}

func (t *trial) key() string {
	key := t.name + TrialInfix + uuid.NewString()
	t.keys = append(t.keys, key)
	return key
}

// mayRemove asks for the permission to clean up before there is anything to
// clean: the removal of an object that does not exist needs the same one.
func (t *trial) mayRemove(ctx context.Context) error {
	for pause := state.Pauses(10 * time.Second); ; {
		err := t.bucket.remove(ctx, t.name+TrialInfix+uuid.NewString())
		var said *state.StoreError
		switch {
		case err == nil, errors.As(err, &said) && said.Class == state.Refused:
			return nil
		case said != nil && said.Class == state.Final, !pause(ctx):
			return err
		}
	}
}

// clean removes what the trial has written. Some servers finish a write after
// they have answered it: so it looks again.
func (t *trial) clean() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for _, key := range t.keys {
		all.Go(func() {
			for pause := state.Pauses(5 * time.Second); ; {
				err := t.bucket.remove(ctx, key)
				if err == nil {
					var there state.Object
					if there, err = t.bucket.stat(ctx, key); err == nil && there.Revision == "" {
						return
					}
				}
				var said *state.StoreError
				if errors.As(err, &said) && said.Class == state.Final || !pause(ctx) {
					return
				}
			}
		})
	}
	all.Wait()
}

func refusal(format string, args ...any) error {
	return &state.UnconditionalError{Why: fmt.Sprintf(format, args...)}
}

// ask puts the questions whose answers need no race.
func (t *trial) ask(ctx context.Context) error {
	key, body := t.key(), []byte("one\n")
	written := func(etag string) (revision string, ok bool, err error) { return t.write(ctx, key, etag, body) }
	if _, ok, err := written(neverAnETag); err != nil || ok {
		return refusedOr(err, "it ignores If-Match")
	}
	etag, ok, err := written("")
	if err != nil {
		return err
	}
	if !ok {
		return refusal("it refuses If-None-Match where there is no object")
	}
	if _, ok, err := written(""); err != nil || ok {
		return refusedOr(err, "it ignores If-None-Match")
	}
	for _, bare := range []bool{false, true} {
		t.bucket.wire.bare.Store(bare)
		if _, ok, err := written(neverAnETag); err != nil || ok {
			return refusedOr(err, "it ignores If-Match")
		}
		body = []byte("two\n")
		if _, ok, err = written(etag); err != nil || ok {
			return err
		}
	}
	t.bucket.wire.bare.Store(false)
	return refusal("it refuses If-Match with the ETag that it has given, with and without quotes")
}

func refusedOr(err error, why string) error {
	if err != nil {
		return err
	}
	return refusal("%s", why)
}

// write tries a write until its answer is plain. Only its own object is at
// stake, and what it wrote itself is known by its mark.
func (t *trial) write(ctx context.Context, key, etag string, body []byte) (revision string, ok bool, err error) {
	mark := uuid.NewString()
	for pause := state.Pauses(10 * time.Second); ; {
		revision, err := t.bucket.put(ctx, key, etag, body, mark)
		if err == nil {
			return revision, true, nil
		}
		var said *state.StoreError
		if !errors.As(err, &said) {
			return "", false, err
		}
		switch {
		case said.Status == 501 || said.Status == 400 && said.Code == "NotImplemented":
			return "", false, refusal("%v", said)
		case said.Class == state.Final:
			return "", false, err
		}
		there, lookErr := t.bucket.stat(ctx, key)
		if lookErr == nil && there.Mark == mark && there.Revision != "" {
			return there.Revision, true, nil
		}
		if said.Class == state.Refused && lookErr == nil {
			return "", false, nil
		}
		if denied := (*state.StoreError)(nil); errors.As(lookErr, &denied) && denied.Class == state.Final && ctx.Err() == nil {
			return "", false, lookErr
		}
		if !pause(ctx) {
			return "", false, err
		}
	}
}

// race has several clients create one object at once, and then replace it.
func (t *trial) race(ctx context.Context, size int) error {
	key := t.key()
	etag, err := t.once(ctx, key, "", size, "created one object")
	if err != nil {
		return err
	}
	_, err = t.once(ctx, key, etag, size, "replaced one version of an object")
	return err
}

// once is one race. Whoever got no plain answer may have won or not; that the
// stored object is of the one that did is what counts.
func (t *trial) once(ctx context.Context, key, etag string, size int, did string) (string, error) {
	for pause := state.Pauses(30 * time.Second); ; {
		type answer struct {
			body     []byte
			revision string
			err      error
		}
		answers := make([]answer, rivals)
		start := make(chan struct{})
		var all sync.WaitGroup
		for i := range answers {
			// The first bytes differ, and so does the length.
			text := uuid.NewString() + strings.Repeat("#", max(0, size-40)+i) + "\n"
			answers[i].body = []byte(text)
			all.Go(func() {
				<-start
				answers[i].revision, answers[i].err = t.bucket.put(ctx, key, etag, answers[i].body, "")
			})
		}
		close(start)
		all.Wait()
		var won []answer
		for _, a := range answers {
			if a.err == nil {
				won = append(won, a)
			}
			var said *state.StoreError
			if errors.As(a.err, &said) && said.Class == state.Final {
				return "", a.err
			}
		}
		if len(won) > 1 {
			return "", refusal("of %d clients that %s at once, %d were told that they had", rivals, did, len(won))
		}
		there, err := t.read(ctx, key)
		if err != nil {
			return "", err
		}
		if len(won) == 1 {
			if !bytes.Equal(there.Body, won[0].body) || there.Revision != won[0].revision {
				return "", refusal("of %d clients that %s at once, one was told that it had, and another's was stored", rivals, did)
			}
			return there.Revision, nil
		}
		for _, a := range answers {
			if bytes.Equal(there.Body, a.body) {
				return there.Revision, nil // its answer was lost
			}
		}
		if !pause(ctx) {
			return "", answers[0].err
		}
	}
}

func (t *trial) read(ctx context.Context, key string) (state.Object, error) {
	for pause := state.Pauses(10 * time.Second); ; {
		there, err := t.bucket.read(ctx, key, largeTrial*2)
		var said *state.StoreError
		if err == nil || errors.As(err, &said) && said.Class == state.Final || !pause(ctx) {
			return there, err
		}
	}
}
