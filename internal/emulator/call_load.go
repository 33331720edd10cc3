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
	return x.change(func(c *catalog, of *collection) error {
		return c.load(of)
	})
}

// releaseCollection is a success for a collection that is not loaded.
func releaseCollection(x *exchange) reply {
	return x.change(func(c *catalog, of *collection) error {
		if of.loaded {
			of.loaded = false
			c.changed()
		}
		return nil
	})
}

// refreshLoad loads what a loaded collection has grown by, which here is
// nothing.
func refreshLoad(x *exchange) reply {
	err := x.e.view(func(c *catalog) error {
		of, err := x.find(c, collectionNotFoundIn)
		if err != nil || of.loaded {
			return err
		}
		code := codeNotLoaded
		if !c.profile.ResolvesTargets {
			code = codeUnexpected
		}
		return fail(code, "call query coordinator LoadCollection: collection not loaded[collection=%d]", of.id)
	})
	return x.done(err)
}

// flushCollection has nothing to flush.
func flushCollection(x *exchange) reply {
	return x.done(x.e.view(func(c *catalog) error {
		_, err := x.find(c, collectionNotFoundIn)
		return err
	}))
}

// noCompaction is the id of a compaction that finds nothing to do.
const noCompaction = -1

func compactCollection(x *exchange) reply {
	found := struct {
		ID int64 `json:"compactionID"`
	}{noCompaction}
	err := x.e.view(func(c *catalog) error {
		_, err := x.find(c, collectionNotFoundIn)
		return err
	})
	return x.data(found, err)
}

// compactionState answers that every compaction is over. The shape was read in
// the source of 3.0.
func compactionState(x *exchange) reply {
	var asked struct {
		JobID int64 `json:"jobID"`
	}
	if err := x.decode(&asked); err != nil {
		return failureReply(err)
	}
	return x.data(struct {
		ID        int64  `json:"compactionID"`
		Completed int    `json:"completedPlanNumber"`
		Executing int    `json:"executingPlanNumber"`
		State     string `json:"state"`
		Timeout   int    `json:"timeoutPlanNumber"`
	}{ID: asked.JobID, State: "Completed"}, nil)
}

func alterProperties(x *exchange) reply {
	var asked struct {
		Properties map[string]any `json:"properties"`
	}
	if err := x.decode(&asked); err != nil {
		return failureReply(err)
	}
	return x.change(func(c *catalog, of *collection) error {
		for _, p := range properties(asked.Properties) {
			of.schema.setProperty(p)
		}
		c.changed()
		return nil
	})
}

// truncateCollection empties the collection, also behind an alias.
func truncateCollection(x *exchange) reply {
	return x.change(func(c *catalog, of *collection) error {
		of.truncate()
		c.changed()
		return nil
	})
}
