import { expect, test } from "vitest";
import { attributeTypeOf, subschemaOf } from "./subschema.ts";

/** As OpenLDAP and 389 Directory Server publish them. */
const schema = subschemaOf(
  [
    "( 2.5.4.41 NAME 'name' DESC 'RFC4519: common supertype of (name) attributes' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )",
    "( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'It''s $ a ( name' SUP name )",
    "( 2.5.4.49 NAME 'distinguishedName' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
    "( 2.5.4.31 NAME 'member' SUP distinguishedName X-ORIGIN 'RFC 4519' )",
    "( 1.3.6.1.4.1.42.2.27.8.1.17 NAME 'pwdAccountLockedTime' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE USAGE directoryOperation )",
    "( 2.5.18.1 NAME 'createTimestamp' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )",
    "( 2.5.4.35 NAME 'userPassword' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40{128} )",
  ],
  [
    "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
    "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( userPassword $ telephoneNumber ) )",
    "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP person MAY mail X-ORIGIN 'RFC 2798' )",
    "( 1.3.6.1.1.1.2.0 NAME 'posixAccount' SUP top AUXILIARY MUST ( cn $ uid ) )",
  ],
);

test("an attribute takes its syntax from the one above it, and is found by each of its names", () => {
  expect(schema.attribute("COMMONNAME")).toEqual({
    name: "cn",
    syntax: "1.3.6.1.4.1.1466.115.121.1.15",
    equality: "caseIgnoreMatch",
    isSingle: false,
    isReadOnly: false,
    isOperational: false,
    description: "It's $ a ( name",
  });
  expect(schema.attribute("cn;lang-de")?.name).toBe("cn");
  expect(schema.attribute("2.5.4.31")?.name).toBe("member");
  expect(schema.attribute("none")).toBeUndefined();
});

test("what the directory keeps itself, and what it has one of, is told", () => {
  expect(schema.attribute("pwdAccountLockedTime")).toMatchObject({
    isSingle: true,
    isReadOnly: false,
    isOperational: true,
  });
  expect(schema.attribute("createTimestamp")).toMatchObject({ isReadOnly: true });
});

test.each([
  ["cn", "text"],
  ["member", "reference"],
  ["createTimestamp", "time"],
  ["userPassword", "exact"],
])("%s is of the type %s", (name, type) => {
  expect(attributeTypeOf(schema.attribute(name)!)).toBe(type);
});

test("a class has what those above it have", () => {
  expect(schema.class("inetorgperson")).toEqual({
    name: "inetOrgPerson",
    isStructural: true,
    isAuxiliary: false,
    must: ["sn", "cn", "objectClass"],
    may: ["mail", "userPassword", "telephoneNumber"],
    above: ["person", "top"],
  });
  expect(schema.class("posixAccount")?.isStructural).toBe(false);
});
