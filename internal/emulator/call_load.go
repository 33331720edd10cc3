package emulator

import "net/http"

func collectionStats(x *exchange) reply {
	var found struct {
		RowCount int64 `json:"rowCount"`
	}
	err := x.e.view(func(c *catalog) error {
		of, err := x.find(c, collectionNotFoundIn)
		if err != nil {
			return err
		}
		found.RowCount = of.rows
		return nil
	})
	return x.data(found, err)
}

// loadState answers a progress and a message only for what is loaded or loading.
func loadState(x *exchange) reply {
	var found struct {
		Progress *int   `json:"loadProgress,omitempty"`
		State    string `json:"loadState"`
	}
	progress := 0
	err := x.e.view(func(c *catalog) error {
		of, err := x.find(c,
			func(_, collection string) *Failure { return collectionNotFound(collection) })
		if err != nil {
			return err
		}
		found.State, progress = of.loadProgress()
		return nil
	})
	if err != nil || found.State == stateNotLoaded {
		return x.data(found, err)
	}
	found.Progress = &progress
	return jsonReply(http.StatusOK, successBody{x.route.success, found, new(string)})
}

func loadCollection(x *exchange) reply {
	return x.done(x.e.update(func(c *catalog) error {
		of, err := x.find(c, collectionNotFoundIn)
		if err != nil {
			return err
		}
		return c.load(of)
	}))
}

// releaseCollection is a success for a collection that is not loaded.
func releaseCollection(x *exchange) reply {
	return x.done(x.e.update(func(c *catalog) error {
		of, err := x.find(c, collectionNotFoundIn)
		if err != nil {
			return err
		}
		if of.loaded {
			of.loaded = false
			c.changed()
		}
		return nil
	}))
}
