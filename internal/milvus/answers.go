package milvus

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Answers asks whether Milvus is there at all, whatever it says. The error is
// that of an address where nobody listens, or where something else does.
//
// It is tried again as every read is, and asks without the token: it is for an
// address that is doubted, and the token must not go to somebody else's server.
// A 401 counts as an answer, whoever wrote it: it may be what a gateway has to
// say to a call without one.
func (c *Client) Answers(ctx context.Context) error {
	k := call{route: aliasesList, header: header(Config{UserAgent: c.cfg.UserAgent})}
	answered := func(e *Error) bool { return e == nil || e.Code != 0 || e.Status == http.StatusUnauthorized }
	start := time.Now()
	_, e := c.exchange(ctx, k)
	if answered(e) {
		return nil
	}
	_, err := c.readAgain(ctx, k, e, start)
	if errors.As(err, &e) && answered(e) {
		return nil
	}
	return err
}
