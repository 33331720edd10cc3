package milvus

import "context"

// Answers asks whether Milvus is there at all, whatever it says. The error is
// that of an address where nobody listens, or where something else does.
//
// It asks once, and without the token: it is for an address that is doubted,
// and the token must not go to somebody else's server.
func (c *Client) Answers(ctx context.Context) error {
	k := call{route: aliasesList, header: header(Config{UserAgent: c.cfg.UserAgent})}
	if _, e := c.exchange(ctx, k); e != nil && e.Code == 0 && !IsUnauthenticated(e) {
		return e
	}
	return nil
}
