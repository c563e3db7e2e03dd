/**
 * State machines: created, changed, described, listed, deleted, and their definitions validated.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
 */
import { randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { checkedName, machineArn, parseMachineArn } from './arn.ts';
import { invalidDefinition, machineDoesNotExist, validationFailed } from './errors.ts';
import { listed, optionalObject, optionalText, requiredText, seconds, tagsOf } from './input.ts';
import type { Input } from './input.ts';
import { sameJson } from './json.ts';
import type { Json } from './json.ts';
import { validateDefinition } from './language/validate.ts';
import { DEFINITION_BYTES } from './limits.ts';
import type { Machine, MachineType } from './model.ts';
import type { Store } from './store.ts';
import { aliasOf, publishVersion, versionOf } from './versions.ts';

/** The same request again gives the machine that is there; a different one of this name is refused. */
export function createMachine(context: AwsContext, store: Store, input: Input) {
  const name = checkedName(requiredText(input, 'name'));
  const type = typeOf(input);
  const definition = checkedDefinition(requiredText(input, 'definition'), type);
  const roleArn = checkedRole(requiredText(input, 'roleArn'));
  const arn = machineArn(context, name);
  const settings = {
    logging: optionalObject(input, 'loggingConfiguration'),
    tracing: optionalObject(input, 'tracingConfiguration'),
    encryption: optionalObject(input, 'encryptionConfiguration'),
  };
  const before = store.machines.get(arn);
  if (before && !isSame(before, { definition, roleArn, type, ...settings })) {
    throw new AwsError('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`, 400);
  }
  const now = context.clock.now();
  const machine: Machine = before ?? {
    name,
    arn,
    type,
    definition,
    roleArn,
    createdAt: now,
    updatedAt: now,
    revisionId: randomUUID(),
    ...settings,
    tags: tagsOf(input),
    lastVersion: 0,
  };
  if (!before) store.machines.put(machine);
  const version = publishedBy(context, store, machine, input);
  return {
    stateMachineArn: arn,
    creationDate: seconds(machine.createdAt),
    ...(version && { stateMachineVersionArn: version.arn }),
  };
}

/** Executions that run keep the definition they started with. */
export function updateMachine(context: AwsContext, store: Store, input: Input) {
  const machine = existingMachine(store, requiredText(input, 'stateMachineArn'));
  const definition = optionalText(input, 'definition');
  const roleArn = optionalText(input, 'roleArn');
  const settings = ['loggingConfiguration', 'tracingConfiguration', 'encryptionConfiguration'];
  if (
    definition === undefined &&
    roleArn === undefined &&
    settings.every((name) => input[name] === undefined)
  ) {
    throw new AwsError(
      'MissingRequiredParameter',
      'Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or the EncryptionConfiguration must be specified',
    );
  }
  const changed: Machine = {
    ...machine,
    ...(definition !== undefined && { definition: checkedDefinition(definition, machine.type) }),
    ...(roleArn !== undefined && { roleArn: checkedRole(roleArn) }),
    logging: optionalObject(input, 'loggingConfiguration') ?? machine.logging,
    tracing: optionalObject(input, 'tracingConfiguration') ?? machine.tracing,
    encryption: optionalObject(input, 'encryptionConfiguration') ?? machine.encryption,
    updatedAt: context.clock.now(),
    revisionId: randomUUID(),
  };
  store.machines.put(changed);
  const version = publishedBy(context, store, changed, input);
  return {
    updateDate: seconds(changed.updatedAt),
    revisionId: changed.revisionId,
    ...(version && { stateMachineVersionArn: version.arn }),
  };
}

export function describeMachine(store: Store, input: Input) {
  const arn = requiredText(input, 'stateMachineArn');
  const { machine, version } = resolvedMachine(store, arn);
  return {
    stateMachineArn: arn,
    name: machine.name,
    status: 'ACTIVE',
    definition: version?.definition ?? machine.definition,
    roleArn: version?.roleArn ?? machine.roleArn,
    type: machine.type,
    creationDate: seconds(version?.createdAt ?? machine.createdAt),
    loggingConfiguration: machine.logging ?? { level: 'OFF', includeExecutionData: false },
    tracingConfiguration: machine.tracing ?? { enabled: false },
    encryptionConfiguration: machine.encryption ?? { type: 'AWS_OWNED_KEY' },
    revisionId: version?.revisionId ?? machine.revisionId,
    ...(version?.description !== undefined && { description: version.description }),
  };
}

export function listMachines(store: Store, input: Input) {
  const { items, next } = listed(store.machines.all(), input);
  return {
    stateMachines: items.map(({ arn, name, type, createdAt }) => ({
      stateMachineArn: arn,
      name,
      type,
      creationDate: seconds(createdAt),
    })),
    ...next,
  };
}

/** Versions and aliases go with it. A machine that is not there is deleted already. */
export function deleteMachine(store: Store, input: Input) {
  const { arn } = parseMachineArn(requiredText(input, 'stateMachineArn'));
  store.machines.delete(arn);
  for (const kept of [store.versions, store.aliases]) {
    for (const one of kept.all()) if (one.machineArn === arn) kept.delete(one.arn);
  }
  return {};
}

export function validateMachineDefinition(input: Input) {
  const type = typeOf(input);
  const { diagnostics, definition } = validateDefinition(requiredText(input, 'definition'), type);
  return { result: definition ? 'OK' : 'FAIL', diagnostics, truncated: false };
}

/** @throws AwsError `InvalidArn`, `StateMachineDoesNotExist` */
export function existingMachine(store: Store, reference: string): Machine {
  const machine = store.machines.get(parseMachineArn(reference).arn);
  if (!machine) throw machineDoesNotExist(reference);
  return machine;
}

/** A machine by its ARN, or by that of a version or an alias of it. */
export function resolvedMachine(store: Store, reference: string, chance: () => number = () => 0) {
  const { qualifier } = parseMachineArn(reference);
  const machine = existingMachine(store, reference);
  if (qualifier === undefined) return { machine, version: undefined, alias: undefined };
  if (/^\d+$/.test(qualifier)) {
    return { machine, version: versionOf(store, reference), alias: undefined };
  }
  const alias = aliasOf(store, reference);
  const draw = chance() * 100;
  let passed = 0;
  const route = alias.routes.find(({ weight }) => (passed += weight) > draw) ?? alias.routes[0];
  return { machine, version: versionOf(store, route?.stateMachineVersionArn ?? ''), alias };
}

/** @throws AwsError `InvalidDefinition`, with the place of each mistake */
function checkedDefinition(definition: string, type: MachineType): string {
  if (Buffer.byteLength(definition) > DEFINITION_BYTES) {
    throw invalidDefinition(`The definition is over ${DEFINITION_BYTES} bytes.`);
  }
  const { diagnostics } = validateDefinition(definition, type);
  if (diagnostics.length > 0) {
    throw invalidDefinition(
      diagnostics
        .map(({ code, message, location }) => `${code}: ${message} at ${location || '/'}`)
        .join(', '),
    );
  }
  return definition;
}

function publishedBy(context: AwsContext, store: Store, machine: Machine, input: Input) {
  const description = optionalText(input, 'versionDescription');
  if (input['publish'] === true) return publishVersion(context, store, machine, description);
  if (description !== undefined) {
    throw validationFailed('Version description can only be set when publish is true');
  }
  return undefined;
}

function typeOf(input: Input): MachineType {
  const type = optionalText(input, 'type') ?? 'STANDARD';
  if (type === 'STANDARD' || type === 'EXPRESS') return type;
  throw validationFailed(
    `1 validation error detected: Value '${type}' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, EXPRESS]`,
  );
}

function checkedRole(roleArn: string): string {
  if (/^arn:[a-z-]+:iam::\d{12}:role\/.+$/.test(roleArn)) return roleArn;
  throw new AwsError('InvalidArn', `Invalid Role Arn: '${roleArn}'`);
}

function isSame(machine: Machine, wanted: Partial<Machine>): boolean {
  return Object.entries(wanted).every(([name, value]) =>
    sameJson((machine[name as keyof Machine] ?? null) as Json, (value ?? null) as Json),
  );
}
