package apply_test

import (
	"fmt"
	"strconv"

	"excs/shared/model"
)

// The objects that tests wish for.

func skill(dbid int64, name string) model.Object {
	return model.Object{Key: model.Key{Kind: model.KindSkill, DBID: dbid}, Name: name}
}

func language(dbid int64, name string) model.Object {
	return model.Object{Key: model.Key{Kind: model.KindLanguage, DBID: dbid}, Name: name}
}

func code(dbid int64, name string) model.Object {
	return model.Object{Key: model.Key{Kind: model.KindWrapUpCode, DBID: dbid}, Name: name}
}

func source() model.Object {
	return model.Object{Key: model.Key{Kind: model.KindSource, DBID: 1}, Name: "EXCS"}
}

func queueOf(dbid int64, name string) model.Object {
	return model.Object{Key: model.Key{Kind: model.KindQueue, DBID: dbid}, Name: name, PeerID: strconv.FormatInt(dbid, 10)}
}

func membersOf(dbid int64, users ...int64) model.Object {
	o := model.Object{Key: model.Key{Kind: model.KindMembers, DBID: dbid}, Members: users}
	o.Normalize()
	return o
}

func user(dbid int64, name string, skills ...model.Assignment) model.Object {
	o := model.Object{
		Key: model.Key{Kind: model.KindUser, DBID: dbid}, Name: name, Email: fmt.Sprintf("p%d@example.org", dbid),
		State: model.StateActive, ExternalKey: strconv.FormatInt(dbid, 10), Skills: skills,
	}
	o.Normalize()
	return o
}

func level(of model.Object, tenths model.Proficiency) model.Assignment {
	return model.Assignment{DBID: of.Key.DBID, Name: of.Name, Level: tenths}
}
