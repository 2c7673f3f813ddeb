package tdstest

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
)

// What the two sides say of encryption in the prelogin.
const (
	encryptLogin = 0
	encryptAll   = 1
	encryptNone  = 2
	encryptMust  = 3
)

// greet goes through prelogin, TLS and login.
func (x *session) greet(ctx context.Context) error {
	if _, err := x.pass("prelogin"); err != nil {
		return err
	}
	kind, body, err := readMessage(x.conn)
	if err != nil {
		return err
	}
	if kind != packPrelogin {
		return fmt.Errorf("%w: %#x before the prelogin", errScope, kind)
	}
	encrypt := x.agree(body)
	head := []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff}
	if err := x.reply(append(head, 14, 0, 7, 208, 0, 0, encrypt)); err != nil {
		return err
	}
	if encrypt != encryptNone {
		if _, err := x.pass("handshake"); err != nil {
			return err
		}
		wrapped := &handshakeConn{Conn: x.raw}
		secure := tls.Server(wrapped, x.server.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
		wrapped.done = true
		x.conn = secure
	}
	kind, body, err = readMessage(x.conn)
	if err != nil {
		return err
	}
	if kind != packLogin {
		return fmt.Errorf("%w: %#x before the login", errScope, kind)
	}
	encrypted := encrypt != encryptNone
	if encrypt == encryptLogin {
		x.conn = x.raw
	}
	return x.login(body, encrypted)
}

// agree finds what the client says of encryption and answers it.
func (x *session) agree(body []byte) byte {
	client := byte(encryptNone)
	for i := 0; i+5 <= len(body) && body[i] != 0xff; i += 5 {
		if at := int(binary.BigEndian.Uint16(body[i+1:])); body[i] == 1 && at < len(body) {
			client = body[at]
		}
	}
	switch {
	case x.server.TLS == nil:
		return encryptNone
	case x.server.Everything:
		return encryptMust
	case client == encryptNone:
		return encryptNone
	}
	return client
}

func (x *session) login(body []byte, encrypted bool) error {
	field := func(at int) []byte {
		m := &message{b: body[at:]}
		offset, length := m.u16(), m.u16()
		return (&message{b: body[offset:]}).take(2 * length)
	}
	password := field(44)
	for i, c := range password {
		c ^= 0xa5
		password[i] = c<<4 | c>>4
	}
	sspi := (&message{b: body[80:]}).u16() > 0
	l := Login{User: ucs2(field(40)), App: ucs2(field(48)), Database: ucs2(field(68)), ReadOnly: body[26]&0x20 != 0, Encrypted: encrypted, SSPI: sspi}
	x.server.mu.Lock()
	x.server.logins = append(x.server.logins, l)
	x.server.mu.Unlock()
	f, err := x.pass("login")
	switch {
	case err != nil:
		return err
	case f.Number != 0:
		return x.refuse(f.Number, f.Text)
	case sspi:
		return x.refuse(18452, "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.")
	case l.User != User || ucs2(password) != Password:
		return x.refuse(18456, "Login failed for user '"+l.User+"'.")
	}
	ack := []byte{1, 0x74, 0, 0, 4}
	ack = appendVarChar(ack, "Microsoft SQL Server")
	ack = append(ack, 14, 0, 7, 208)
	token := append(binary.LittleEndian.AppendUint16([]byte{0xad}, uint16(len(ack))), ack...)
	return x.reply(token, doneToken(doneFinal, 0))
}

func (x *session) refuse(number int32, text string) error {
	return x.reply(errorToken(number, text), doneToken(doneError, 0))
}
