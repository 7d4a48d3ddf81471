// Measures what is asked of a large group in Active Directory, through the whole gateway, on a Samba domain controller:
//   node bench/active-directory.ts [members]
import { send } from "../test/clients/replay.ts";
import { ROOT, startGateway } from "../test/servers/gateway.ts";
import { GROUPS, openActiveDirectory, STAFF, startSamba } from "../test/servers/samba.ts";

const members = Number(process.argv[2] ?? 5000);
const RUNS = 20;

const samba = await startSamba();
samba.python(`
sam.transaction_start()
for i in range(${members + 1}):
  sam.add({"dn": "CN=P%d,${STAFF}" % i, "objectClass": "user", "sAMAccountName": "p%d" % i, "userPrincipalName": "p%d@corp.example.test" % i})
for name, size in (("Small", 10), ("Large", ${members})):
  sam.add({"dn": "CN=%s,${GROUPS}" % name, "objectClass": "group", "sAMAccountName": name, "member": ["CN=P%d,${STAFF}" % i for i in range(size)]})
sam.transaction_commit()`);
const gateway = await startGateway(openActiveDirectory(samba, ROOT));
const found = async (path: string) => (await send(gateway, "GET", encodeURI(path))).json.Resources[0].id;
const newcomer = await found(`/Users?filter=userName eq "p${members}@corp.example.test"`);

async function median(work: () => Promise<unknown>, runs = RUNS): Promise<string> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times
    .sort((a, b) => a - b)
    [Math.floor(runs / 2)]!.toFixed(1)
    .padStart(8);
}

for (const name of ["Small", "Large"]) {
  const id = await found(`/Groups?excludedAttributes=members&filter=displayName eq "${name}"`);
  const change = (op: string) => () =>
    send(gateway, "PATCH", `/Groups/${id}`, { Operations: [{ op, path: "members", value: [{ value: newcomer }] }] });
  const isMember = encodeURI(`/Groups?filter=id eq "${id}" and members eq "${newcomer}"&attributes=id`);
  const read = () => send(gateway, "GET", `/Groups/${id}`);
  console.log(`${name}: ${(await read()).json.members.length} members, milliseconds, the median of ${RUNS}`);
  console.log(`  add one, and remove it  ${await median(() => change("add")().then(change("remove")))}`);
  console.log(`  add one that is there   ${await median(change("add"))}`);
  console.log(`  is one in it?           ${await median(() => send(gateway, "GET", isMember))}`);
  console.log(`  remove it again         ${await median(change("remove"))}`);
  console.log(
    `  read without members    ${await median(() => send(gateway, "GET", `/Groups/${id}?excludedAttributes=members`))}`,
  );
  console.log(`  read them all           ${await median(read, 5)}`);
}
await gateway.stop();
await samba.stop();
