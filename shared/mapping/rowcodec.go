package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"excs/shared/model"
)

// rowBody is the part of a row that nobody searches by, kept packed in one attribute.
type rowBody struct {
	Desired   model.Object        `json:"d"`
	History   []Entry             `json:"h,omitempty"`
	SeenCodes []string            `json:"c,omitempty"`
	Refused   []Refusal           `json:"r,omitempty"`
	Wrote     map[string]OwnWrite `json:"w,omitempty"`
	Let       []string            `json:"l,omitempty"`
	Lettered  int64               `json:"dl,omitempty"`
	Trouble   *Trouble            `json:"t,omitempty"`
}

// encodeRow makes the item of a row. Seen is packed apart, because it is large and changes seldom.
func (t *table) encodeRow(r Row) (item, error) {
	r = t.sign(r)
	it := item{}
	it.setNumber(attrFormat, RowFormat)
	it.setText(attrOrg, r.Org)
	it.setText(attrOrigin, string(r.Origin))
	it.setNumber(attrVersion, r.Version)
	it.setNumber(attrRun, r.Run)
	it.setText(attrGoal, string(r.Goal))
	it.setText(attrState, string(r.State))
	it.setTime(attrSince, r.Since)
	it.setTime(attrOpen, r.Unconverged)
	it.setText(attrReason, r.Reason)
	it.setText(attrEXID, r.EXID)
	if r.Applied != 0 {
		it.setText(attrApplied, r.Applied.String())
	}
	it.setText(attrAdopt, r.Adopt)
	it.setText(attrFrom, keyText(r.From))
	if r.Approved {
		it.setNumber(attrApproved, 1)
	}
	setMark(it, attrIntent, attrIntentAt, (*mark)(r.Intent))
	setQueued(it, r.Queued)
	setWorking(it, r.Working)
	it.setTime(attrWaitUntil, r.WaitUntil)
	it.setText(attrWaitsFor, keyText(r.WaitsFor))
	it.setNumber(attrAttempts, int64(r.Attempts))
	it.setText(attrError, r.LastError)
	it.setTime(attrErrorAt, r.LastErrorAt)
	it.setText(attrCause, string(r.Cause))
	it.setTime(attrWritten, r.Written)
	t.index(it, r)
	return it, t.packRow(it, r)
}

func (t *table) packRow(it item, r Row) error {
	raw, err := json.Marshal(rowBody{
		Desired: r.Desired, History: r.History, SeenCodes: r.SeenCodes, Refused: r.Refused, Wrote: r.Wrote, Let: r.Let,
		Lettered: r.Lettered, Trouble: r.Trouble,
	})
	if err != nil {
		return model.Errorf(model.CodeInternal, "encode row", "%s: %w", r.Key, err)
	}
	packed, err := t.codec.pack(raw)
	if err != nil {
		return err
	}
	it.setBytes(attrBody, packed)
	if r.Seen == nil {
		return nil
	}
	if packed, err = t.codec.pack(r.Seen); err != nil {
		return err
	}
	it.setBytes(attrSeen, packed)
	return nil
}

// index puts the row into the sparse index, or takes it off, and lets a gone row expire.
func (t *table) index(it item, r Row) {
	it.setText(AttrIndexPK, "")
	it.setText(AttrIndexSK, "")
	it.expire(time.Time{})
	if Indexed(r.State) {
		it.setText(AttrIndexPK, t.keys.index(r.State, r.Key.Kind))
		it.setText(AttrIndexSK, strconv.FormatInt(r.Key.DBID, 10))
	}
	if r.LeftDeleted() {
		it.setText(AttrIndexPK, t.keys.index(ListLeftDeleted, r.Key.Kind))
		it.setText(AttrIndexSK, strconv.FormatInt(r.Key.DBID, 10))
	}
	if r.State == StateGone {
		it.expire(r.Since.Add(t.GoneFor))
	}
}

// Indexed says whether List finds rows of the state.
func Indexed(s State) bool {
	return s == ListLeftDeleted || s != StateConverged && s != StateGone && slices.Contains(States(), s)
}

// decodeRow reads a row back.
func (t *table) decodeRow(key model.Key, it item) (Row, error) {
	r := Row{
		Key: key, EXID: it.text(attrEXID), Goal: Goal(it.text(attrGoal)),
		Version: it.number(attrVersion), Run: it.number(attrRun),
		State: State(it.text(attrState)), Since: it.time(attrSince), Unconverged: it.time(attrOpen), Reason: it.text(attrReason),
		Adopt: it.text(attrAdopt), Approved: it.number(attrApproved) != 0,
		Org: it.text(attrOrg), Origin: Origin(it.text(attrOrigin)),
		Intent: (*Intent)(markOf(it, attrIntent, attrIntentAt)), Queued: queuedOf(it), Working: workingOf(it),
		WaitUntil: it.time(attrWaitUntil), Attempts: int(it.number(attrAttempts)),
		LastError: it.text(attrError), LastErrorAt: it.time(attrErrorAt),
		Cause: model.Cause(it.text(attrCause)), Written: it.time(attrWritten),
	}
	damaged := func(err error) (Row, error) {
		return Row{}, &model.Error{Code: model.CodeInternal, Op: "read row", Key: key, Err: err}
	}
	if f := it.number(attrFormat); f > RowFormat {
		return damaged(fmt.Errorf("it is of format %d, and this release reads formats up to %d: deploy the release that wrote it, or a later one", f, RowFormat))
	}
	var err error
	if r.Applied, err = parseFingerprint(it.text(attrApplied)); err != nil {
		return damaged(err)
	}
	if r.From, err = parseKeyText(it.text(attrFrom)); err != nil {
		return damaged(err)
	}
	if r.WaitsFor, err = parseKeyText(it.text(attrWaitsFor)); err != nil {
		return damaged(err)
	}
	if err = unpackRow(it, &r); err != nil {
		return damaged(err)
	}
	return r, nil
}

func unpackRow(it item, r *Row) error {
	raw, err := unpack(it.bytes(attrBody))
	if err != nil {
		return err
	}
	var body rowBody
	if err := json.Unmarshal(raw, &body); err != nil {
		return err
	}
	r.Desired, r.History, r.SeenCodes = body.Desired, body.History, body.SeenCodes
	r.Refused, r.Wrote, r.Let = body.Refused, body.Wrote, body.Let
	r.Refused, r.Wrote, r.Lettered, r.Trouble = body.Refused, body.Wrote, body.Lettered, body.Trouble
	r.Seen, err = unpack(it.bytes(attrSeen))
	return err
}

// decodeItem reads a line of the sparse index.
func (t *table) decodeItem(it item) (Item, error) {
	key, err := t.keys.rowKey(it.text(AttrPK))
	if err != nil {
		return Item{}, err
	}
	return Item{
		Key: key, State: State(it.text(attrState)), Since: it.time(attrSince), Unconverged: it.time(attrOpen), WaitUntil: it.time(attrWaitUntil),
		Reason: it.text(attrReason), EXID: it.text(attrEXID), QueuedAt: it.time(attrQueuedAt), Attempts: int(it.number(attrAttempts)),
	}, nil
}

// mark is what Intent, Queued and Working have in common.
type mark struct {
	Token string
	At    time.Time
}

// setMark writes both halves; the time is written even for an empty token, so that the mark itself is not lost.
func setMark(it item, tokenAttr, atAttr string, m *mark) {
	it.setText(tokenAttr, "")
	it.setTime(atAttr, time.Time{})
	if m != nil {
		it.setText(tokenAttr, m.Token)
		it[atAttr] = numberValue(nano(m.At))
	}
}

func markOf(it item, tokenAttr, atAttr string) *mark {
	if !it.has(atAttr) {
		return nil
	}
	return &mark{Token: it.text(tokenAttr), At: it.time(atAttr)}
}

func setQueued(it item, q *Queued) {
	it.setText(attrLane, "")
	if q == nil {
		setMark(it, attrQueued, attrQueuedAt, nil)
		return
	}
	setMark(it, attrQueued, attrQueuedAt, &mark{Token: q.Token, At: q.At})
	it.setText(attrLane, string(q.Lane))
}

func queuedOf(it item) *Queued {
	m := markOf(it, attrQueued, attrQueuedAt)
	if m == nil {
		return nil
	}
	return &Queued{Token: m.Token, At: m.At, Lane: model.Lane(it.text(attrLane))}
}

func setWorking(it item, w *Working) {
	if w == nil {
		setMark(it, attrWorking, attrWorkingUntil, nil)
		return
	}
	setMark(it, attrWorking, attrWorkingUntil, &mark{Token: w.Token, At: w.Until})
}

func workingOf(it item) *Working {
	m := markOf(it, attrWorking, attrWorkingUntil)
	if m == nil {
		return nil
	}
	return &Working{Token: m.Token, Until: m.At}
}

func nano(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixNano()
}

func keyText(k model.Key) string {
	if k.IsZero() {
		return ""
	}
	return k.String()
}

func parseKeyText(s string) (model.Key, error) {
	if s == "" {
		return model.Key{}, nil
	}
	return model.ParseKey(s)
}

func parseFingerprint(s string) (model.Fingerprint, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 16, 64)
	return model.Fingerprint(n), err
}
