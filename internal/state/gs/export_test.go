package gs

// Redirect sends the requests of a store to another server, with the
// credentials that it has found.
func Redirect(s *Store, base string) {
	connect := s.connect
	s.connect = func() (*client, error) {
		c, err := connect()
		if err == nil {
			c.base = base + "/"
		}
		return c, err
	}
}
