package milvus

import (
	"context"
	"errors"

	"aliasctl/planner"
)

// The part of an inspection that is about every switch: can green serve as blue
// does?

// serving asks each green for its load state and its rows, all side by side,
// and then those blues whose green falls short. Each collection is asked once,
// however many aliases are switched to it. Nothing of this is worth a run: a
// fact that the server does not give has a Why. The error is one of the context
// or of the token.
func (c *Client) serving(ctx context.Context, runs []planner.ServingRun) (map[planner.Key]*planner.Facts, error) {
	greens, blues := make(map[planner.Key]servingNeed), make(map[planner.Key]servingNeed)
	for _, run := range runs {
		k := planner.Key{Database: run.Database, Name: run.Green}
		greens[k] = greens[k].and(run.Load, run.Rows)
	}
	facts := make(map[planner.Key]*planner.Facts)
	if err := c.askServing(ctx, greens, facts); err != nil {
		return nil, err
	}
	for _, run := range runs {
		green := facts[planner.Key{Database: run.Database, Name: run.Green}]
		load := run.Load && green.Load.Why == "" && green.Load.State != planner.Loaded
		rows := run.Rows && green.Rows.Why == "" && green.Rows.Count == 0
		if load || rows {
			k := planner.Key{Database: run.Database, Name: run.Blue}
			blues[k] = blues[k].and(load, rows)
		}
	}
	return facts, c.askServing(ctx, blues, facts)
}

// servingNeed is what is asked of one collection.
type servingNeed struct{ load, rows bool }

func (n servingNeed) and(load, rows bool) servingNeed {
	return servingNeed{n.load || load, n.rows || rows}
}

// askServing adds what is asked of some collections to facts.
func (c *Client) askServing(ctx context.Context, asked map[planner.Key]servingNeed, facts map[planner.Key]*planner.Facts) error {
	var all []question
	for k, need := range asked {
		f := facts[k]
		if f == nil { // a blue may be the green of another alias
			f = &planner.Facts{}
			facts[k] = f
		}
		if need.load && f.Load == nil {
			all = append(all, func(ctx context.Context) (err error) {
				f.Load, err = c.servingLoad(ctx, k)
				return err
			})
		}
		if need.rows && f.Rows == nil {
			all = append(all, func(ctx context.Context) (err error) {
				f.Rows, err = c.servingRows(ctx, k)
				return err
			})
		}
	}
	return c.askAll(ctx, all)
}

func (c *Client) servingLoad(ctx context.Context, k planner.Key) (*planner.LoadFact, error) {
	state, progress, err := c.LoadState(ctx, k.Database, k.Name)
	if err != nil {
		return &planner.LoadFact{Why: whyOf(err), Unanswered: unanswered(err)}, fruitless(ctx, err)
	}
	return &planner.LoadFact{State: state, Progress: progress}, nil
}

// servingRows asks whether there are rows. The statistics are the cheaper
// question; they do not see growing data, so only a count proves that there is
// nothing. A collection that is not loaded cannot be counted.
func (c *Client) servingRows(ctx context.Context, k planner.Key) (*planner.RowsFact, error) {
	n, noStats := c.stats(ctx, k.Database, k.Name)
	stats := &planner.RowsFact{Count: n, Source: "get_stats"}
	if noStats == nil && n > 0 {
		return stats, nil
	}
	if err := fruitless(ctx, noStats); err != nil {
		return nil, err
	}
	n, uncounted := c.count(ctx, k.Database, k.Name)
	switch {
	case uncounted == nil:
		return &planner.RowsFact{Count: n, Source: countField}, nil
	case noStats == nil && isNotLoaded(uncounted):
		return stats, nil
	case noStats == nil:
		return &planner.RowsFact{Why: whyOf(uncounted), Unanswered: unanswered(uncounted)}, fruitless(ctx, uncounted)
	default:
		return &planner.RowsFact{Why: whyOf(noStats), Unanswered: unanswered(noStats)}, fruitless(ctx, uncounted)
	}
}

// fruitless is an error after which no question of this run is answered.
func fruitless(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if IsUnauthenticated(err) {
		return err
	}
	return nil
}

// unanswered reports that something else than Milvus answered, or nothing usable.
func unanswered(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.foreign && !e.missing || errors.Is(e, errNoData))
}

func isNotLoaded(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == codeNotLoaded
}
