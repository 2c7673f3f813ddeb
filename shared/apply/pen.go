package apply

import (
	"context"
	"fmt"

	"excs/shared/exorg"
	"excs/shared/exorg/write"
	"excs/shared/model"
)

// Pen is the worker's Writer over the Platform API. It is the one place from which EXCS writes to the EX Org.
type Pen struct {
	writer    *write.Writer
	authority string
}

var _ Writer = (*Pen)(nil)

// NewPen makes the writing half for one EX Org. authority is the external id authority of the settings.
func NewPen(client *exorg.Client, authority string) *Pen {
	return &Pen{writer: write.New(client), authority: authority}
}

// Create makes an object.
func (p *Pen) Create(ctx context.Context, c Creation) (Created, error) {
	o := c.Object
	switch o.Key.Kind {
	case model.KindUser:
		u, err := p.writer.CreateUser(ctx, write.NewUser{Name: o.Name, Email: o.Email, DivisionID: c.DivisionID, State: o.State})
		return Created{EXID: u.ID, Version: u.Version}, err
	case model.KindQueue:
		q, err := p.writer.CreateQueue(ctx, write.NewQueue{Name: o.Name, PeerID: o.PeerID, DivisionID: c.DivisionID, Base: c.Base, Without: c.Without})
		return Created{EXID: q.ID, Raw: q.Raw}, err
	case model.KindSkill:
		s, err := p.writer.CreateSkill(ctx, o.Name)
		return Created{EXID: s.ID}, err
	case model.KindLanguage:
		l, err := p.writer.CreateLanguage(ctx, o.Name)
		return Created{EXID: l.ID}, err
	case model.KindWrapUpCode:
		w, err := p.writer.CreateWrapUpCode(ctx, o.Name)
		return Created{EXID: w.ID}, err
	case model.KindSource:
		s, err := p.writer.CreateSource(ctx, o.Name)
		return Created{EXID: s.ID}, err
	default:
		return Created{}, fmt.Errorf("objects of kind %s are not created", o.Key.Kind)
	}
}

// PatchUser changes a user's name and e-mail address and gives the new version.
func (p *Pen) PatchUser(ctx context.Context, exID string, version int, name, email *string) (int, error) {
	u, err := p.writer.PatchUser(ctx, exID, version, write.UserFields{Name: name, Email: email})
	return u.Version, err
}

// SetUserState changes a user's state and gives the new version.
func (p *Pen) SetUserState(ctx context.Context, exID string, version int, state model.UserState) (int, error) {
	u, err := p.writer.SetUserState(ctx, exID, version, state)
	return u.Version, err
}

// MoveUser moves a user into a division.
func (p *Pen) MoveUser(ctx context.Context, exID, divisionID string) error {
	return p.writer.MoveUsers(ctx, divisionID, []string{exID})
}

// AddExternalKey gives a user its key under EXCS's authority.
func (p *Pen) AddExternalKey(ctx context.Context, exID, key string) error {
	return p.writer.AddExternalID(ctx, exID, exorg.ExternalID{Authority: p.authority, Key: key})
}

// RemoveExternalKey takes a key under EXCS's authority from a user.
func (p *Pen) RemoveExternalKey(ctx context.Context, exID, key string) error {
	return p.writer.RemoveExternalID(ctx, exID, exorg.ExternalID{Authority: p.authority, Key: key})
}

// ReplaceSkills makes a user's skills exactly these.
func (p *Pen) ReplaceSkills(ctx context.Context, exID string, skills []model.Assigned) error {
	return p.writer.ReplaceSkills(ctx, exID, levels(skills))
}

// AddSkills adds skills or sets their levels.
func (p *Pen) AddSkills(ctx context.Context, exID string, skills []model.Assigned) error {
	return p.writer.AddSkills(ctx, exID, levels(skills))
}

// RemoveSkill takes a skill from a user.
func (p *Pen) RemoveSkill(ctx context.Context, exID, skillID string) error {
	return p.writer.RemoveSkill(ctx, exID, skillID)
}

// AddLanguages adds languages or sets their levels.
func (p *Pen) AddLanguages(ctx context.Context, exID string, languages []model.Assigned) error {
	return p.writer.AddLanguages(ctx, exID, levels(languages))
}

// RemoveLanguage takes a language from a user.
func (p *Pen) RemoveLanguage(ctx context.Context, exID, languageID string) error {
	return p.writer.RemoveLanguage(ctx, exID, languageID)
}

func levels(as []model.Assigned) []write.Level {
	ls := make([]write.Level, 0, len(as))
	for _, a := range as {
		ls = append(ls, write.Level{ID: a.EXID, Level: a.Level})
	}
	return ls
}

// Update sets the controlled fields of a queue, wrap-up code or source.
func (p *Pen) Update(ctx context.Context, exID string, want model.Object, raw []byte) error {
	var err error
	switch want.Key.Kind {
	case model.KindQueue:
		_, err = p.writer.UpdateQueue(ctx, exorg.Queue{ID: exID, Raw: raw}, write.QueueFields{Name: &want.Name, PeerID: &want.PeerID})
	case model.KindWrapUpCode:
		_, err = p.writer.RenameWrapUpCode(ctx, exID, want.Name)
	case model.KindSource:
		_, err = p.writer.UpdateSource(ctx, exID, want.Name)
	default:
		err = fmt.Errorf("objects of kind %s are not updated", want.Key.Kind)
	}
	return err
}

// DeleteQueue deletes a queue.
func (p *Pen) DeleteQueue(ctx context.Context, exID string) error {
	return p.writer.DeleteQueue(ctx, exID)
}

// AddMembers makes users members of a queue.
func (p *Pen) AddMembers(ctx context.Context, queueID string, users []string) error {
	return p.writer.AddMembers(ctx, queueID, users)
}

// RemoveMembers takes users out of a queue.
func (p *Pen) RemoveMembers(ctx context.Context, queueID string, users []string) error {
	return p.writer.RemoveMembers(ctx, queueID, users)
}

// AddQueueCodes offers wrap-up codes on a queue.
func (p *Pen) AddQueueCodes(ctx context.Context, queueID string, codes []string) error {
	return p.writer.AddQueueWrapUpCodes(ctx, queueID, codes)
}
