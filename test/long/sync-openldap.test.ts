import { afterAll, beforeAll, describe, test } from "vitest";
import { type Samba, startSamba } from "../servers/samba.ts";
import { type Slapd, startSlapd } from "../servers/slapd.ts";
import { openIntoSamba, openIntoSlapd } from "../servers/sync-directories.ts";
import { convergence } from "../suites/convergence.ts";
import { seedOf } from "../suites/draws.ts";

const DRAWS = Number(process.env.DRAWS ?? 240);

describe("convergence in real directories, whatever happens on both sides and wherever runs are killed", () => {
  let slapd: Slapd;
  let samba: Samba;
  beforeAll(async () => {
    [slapd, samba] = await Promise.all([startSlapd(), startSamba()]);
  });
  afterAll(async () => {
    await slapd?.stop();
    await samba?.stop();
  });

  test(`in OpenLDAP, ${DRAWS} draws`, () => convergence(() => openIntoSlapd(slapd), options(DRAWS)));
  test(`in Active Directory, ${Math.ceil(DRAWS / 4)} draws`, () =>
    convergence(() => openIntoSamba(samba), options(Math.ceil(DRAWS / 4))));
});

const options = (numRuns: number) => ({ numRuns, seed: seedOf(), endOnFailure: process.env.SHRINK === undefined });
