package model

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// Fingerprint stands for one desired object: equal objects have equal fingerprints, whatever order their rows came in.
// Zero means "nothing".
type Fingerprint uint64

// BeingChanged stands in the mapping index for a key whose row is about to be written. No object has it, so a key that
// kept it because the run died is compared with its row by the next one.
const BeingChanged Fingerprint = 1

// String writes the fingerprint in hexadecimal.
func (f Fingerprint) String() string { return strconv.FormatUint(uint64(f), 16) }

// fingerprintVersion changes when the encoding below does. A new version makes every row look changed once; the
// differences are then found to be none, so nothing is written to the EX Org.
const fingerprintVersion = 1

// Fingerprint hashes the object, which must be normalized, with its identity facts. Case of skill names does not count: it can not be changed in
// the EX Org, so a rename of that sort is nothing to do (RULES 4); case of queue, code and user names does.
func (o Object) Fingerprint() Fingerprint {
	e := encoder{buf: make([]byte, 0, 256)}
	e.number(fingerprintVersion)
	e.text(string(o.Key.Kind))
	e.number(o.Key.DBID)
	name := o.Name
	if o.Key.Kind == KindSkill || o.Key.Kind == KindLanguage {
		name = Fold(name)
	}
	e.text(name, o.Email, string(o.State), o.ExternalKey, o.PeerID)
	e.number(o.SameAs)
	e.assignments(o.Skills)
	e.assignments(o.Languages)
	e.number(int64(len(o.Members)))
	for _, m := range o.Members {
		e.number(m)
	}
	e.flag(o.AddOnly)
	i := o.Identity
	e.text(i.EmployeeID, i.UserName, i.Address, i.Number, i.Switch, i.BaseName, i.SystemName)
	e.number(int64(i.AddressStep))
	e.number(int64(i.DNType))
	sum := sha256.Sum256(e.buf)
	return Fingerprint(max(uint64(BeingChanged)+1, binary.BigEndian.Uint64(sum[:8])))
}

type encoder struct{ buf []byte }

func (e *encoder) number(n int64) { e.buf = binary.AppendVarint(e.buf, n) }

func (e *encoder) flag(b bool) {
	if b {
		e.number(1)
		return
	}
	e.number(0)
}

// text writes the length before the bytes, so that ("ab","c") and ("a","bc") differ.
func (e *encoder) text(parts ...string) {
	for _, p := range parts {
		e.number(int64(len(p)))
		e.buf = append(e.buf, p...)
	}
}

func (e *encoder) assignments(as []Assignment) {
	e.number(int64(len(as)))
	for _, a := range as {
		e.number(a.DBID)
		e.text(Fold(a.Name))
		e.number(int64(a.Level))
	}
}
