// Reads cases (see cases.py) from the file that its argument names, and prints what the other engine decides of each.
const { readFileSync } = require('node:fs');
const { runSimulation } = require('@cloud-copilot/iam-simulate');

const decide = async (one) => {
  const found = await runSimulation(
    {
      request: {
        principal: one.principal,
        action: one.action,
        resource: { resource: one.resource, accountId: one.account },
        contextVariables: one.context,
      },
      identityPolicies: one.identity.map((policy, index) => ({ name: `p${index}`, policy })),
      permissionBoundaryPolicies: one.boundary ? [{ name: 'boundary', policy: one.boundary }] : undefined,
      sessionPolicy: one.session ?? undefined,
      resourcePolicy: one.resource_policy ?? undefined,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    { simulationMode: 'Strict' },
  );
  const result = found.result ?? {};
  return { decision: found.overallResult ?? null, ignored: result.ignoredContextKeys ?? [], errors: found.errors ?? null };
};

Promise.all(JSON.parse(readFileSync(process.argv[2], 'utf8')).map(decide)).then((all) => console.log(JSON.stringify(all)));
