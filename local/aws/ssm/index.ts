/**
 * SSM Parameter Store: values by name and by path. Secure strings are encrypted under KMS.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
 */
import { actionNamed } from '../actions.ts';
import { ssmAuthorization, type ParameterKey } from './authorization.ts';
import { rootCaller, type AwsContext, type AwsService } from '../context.ts';
import { AwsError } from '../errors.ts';
import {
  flag,
  optionalText,
  page,
  requiredText,
  textList,
  validationError,
  wholeNumber,
  type JsonInput,
} from '../json-input.ts';
import type { Collection } from '../state/index.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly ssm: SsmService;
  }
}

export interface SsmService extends AwsService {
  readonly name: 'ssm';
}

/** Bytes of a value. "Managing parameter tiers" */
const STANDARD_VALUE_BYTES = 4096;
const ADVANCED_VALUE_BYTES = 8192;
/** Levels of a name's hierarchy. PutParameter */
const MAXIMUM_LEVELS = 15;
/** Names in GetParameters, results of GetParametersByPath and of DescribeParameters. */
const MAXIMUM_NAMES = 10;
const MAXIMUM_DESCRIBED = 50;
const TYPES: readonly string[] = ['String', 'StringList', 'SecureString'];

interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly tier: string;
  /** Values by version, oldest first; the newest is the current one. A secure string's is its ciphertext. */
  readonly values: readonly { readonly value: string; readonly version: number; readonly at: number }[];
  readonly keyId: string | undefined;
  readonly description: string | undefined;
}

type Action = (input: JsonInput) => unknown;

export function createSsmService(context: AwsContext): SsmService {
  const kept = context.state.collection<Parameter>('ssm.parameters');
  const parameters = new Map<string, Parameter>(kept.entries());
  const actions = createActions(context, parameters, kept);
  const find = (reference: string): ParameterKey | undefined => {
    const name = reference.replace(/^arn:aws:ssm:[^:]*:[^:]*:parameter/, '').split(':')[0] ?? '';
    // The ARN of a name without a leading slash has one all the same.
    const parameter = parameters.get(name) ?? parameters.get(name.slice(1));
    return parameter && { arn: arnOf(context, parameter.name), keyId: parameter.keyId };
  };
  return {
    name: 'ssm',
    protocols: { json: { version: '1.1', targetPrefix: 'AmazonSSM' } },
    authorization: (action, input) => ssmAuthorization(context, find, action, input),
    async handle(action, input) {
      return (await actionNamed(actions, 'SSM', action)(input)) ?? {};
    },
  };
}

function createActions(
  context: AwsContext,
  parameters: Map<string, Parameter>,
  kept: Collection<Parameter>,
): Readonly<Record<string, Action>> {
  const keep = (parameter: Parameter): void => {
    parameters.set(parameter.name, parameter);
    kept.put(parameter.name, parameter);
  };
  const remove = (name: string): boolean => {
    kept.delete(name);
    return parameters.delete(name);
  };
  const existing = (name: string): Parameter => {
    const parameter = parameters.get(name);
    if (!parameter) throw new AwsError('ParameterNotFound', `Parameter ${name} not found.`);
    return parameter;
  };

  /** `name`, `name:version` or the parameter's ARN. */
  const selected = (
    reference: string,
  ): { readonly parameter: Parameter; readonly index: number; readonly selector: string } => {
    const byArn = /^arn:aws:ssm:[^:]*:[^:]*:parameter(\/.*)$/.exec(reference)?.[1];
    // The ARN of a name without a leading slash has one all the same.
    const full =
      byArn === undefined || parameters.has(byArn.split(':')[0] ?? '')
        ? (byArn ?? reference)
        : byArn.slice(1);
    const [name = '', version] = full.split(':');
    const parameter = existing(name);
    if (version === undefined) return { parameter, index: parameter.values.length - 1, selector: '' };
    const index = parameter.values.findIndex((entry) => String(entry.version) === version);
    if (index < 0) {
      throw new AwsError('ParameterVersionNotFound', `Version ${version} of parameter ${name} not found.`);
    }
    return { parameter, index, selector: `:${version}` };
  };

  const shown = async (reference: string, decrypt: boolean): Promise<JsonInput> => {
    const { parameter, index, selector } = selected(reference);
    const { name, type } = parameter;
    const entry = parameter.values[index];
    const stored = entry?.value ?? '';
    return {
      Name: name,
      Type: type,
      Value: type === 'SecureString' && decrypt ? await opened(context, name, stored) : stored,
      Version: entry?.version,
      ...(selector !== '' && { Selector: selector }),
      LastModifiedDate: (entry?.at ?? 0) / 1000,
      ARN: arnOf(context, name),
      DataType: 'text',
    };
  };

  return {
    async PutParameter(input) {
      const name = checkedName(requiredText(input, 'Name'));
      const value = requiredText(input, 'Value');
      const previous = parameters.get(name);
      if (previous && !flag(input, 'Overwrite')) {
        throw new AwsError(
          'ParameterAlreadyExists',
          'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
        );
      }
      const type = optionalText(input, 'Type') ?? previous?.type;
      if (type === undefined || !TYPES.includes(type))
        throw validationError(`Type must be one of ${TYPES.join(', ')}.`);
      const tier = optionalText(input, 'Tier') ?? previous?.tier ?? 'Standard';
      checkValue(value, tier, optionalText(input, 'AllowedPattern'));
      const keyId = type === 'SecureString' ? (optionalText(input, 'KeyId') ?? 'alias/aws/ssm') : undefined;
      const version = (previous?.values.at(-1)?.version ?? 0) + 1;
      const stored = keyId === undefined ? value : await sealed(context, name, keyId, value);
      keep({
        name,
        type,
        tier,
        keyId,
        description: optionalText(input, 'Description') ?? previous?.description,
        values: [...(previous?.values ?? []), { value: stored, version, at: context.clock.now() }],
      });
      return { Version: version, Tier: tier };
    },
    async GetParameter(input) {
      return { Parameter: await shown(requiredText(input, 'Name'), flag(input, 'WithDecryption')) };
    },
    async GetParameters(input) {
      const names = textList(input, 'Names');
      if (names.length < 1 || names.length > MAXIMUM_NAMES)
        throw validationError(`Names must have 1 to ${MAXIMUM_NAMES} names.`);
      const found: JsonInput[] = [];
      const invalid: string[] = [];
      for (const name of names) {
        try {
          found.push(await shown(name, flag(input, 'WithDecryption')));
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          invalid.push(name);
        }
      }
      return { Parameters: found, InvalidParameters: invalid };
    },
    async GetParametersByPath(input) {
      const path = requiredText(input, 'Path');
      if (!path.startsWith('/')) throw validationError('The parameter path must begin with a slash /.');
      const prefix = path.endsWith('/') ? path : `${path}/`;
      const names = [...parameters.keys()]
        .filter((name) => name.startsWith(prefix))
        .filter((name) => flag(input, 'Recursive') || !name.slice(prefix.length).includes('/'))
        .toSorted();
      const size = wholeNumber(input, 'MaxResults', 1, MAXIMUM_NAMES, MAXIMUM_NAMES);
      const { items, nextToken } = page(names, size, optionalText(input, 'NextToken'));
      const decrypt = flag(input, 'WithDecryption');
      return {
        Parameters: await Promise.all(items.map((name) => shown(name, decrypt))),
        ...(nextToken !== undefined && { NextToken: nextToken }),
      };
    },
    DescribeParameters(input) {
      const all = [...parameters.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const size = wholeNumber(input, 'MaxResults', 1, MAXIMUM_DESCRIBED, MAXIMUM_DESCRIBED);
      const { items, nextToken } = page(all, size, optionalText(input, 'NextToken'));
      return {
        Parameters: items.map((parameter) => ({
          Name: parameter.name,
          ARN: arnOf(context, parameter.name),
          Type: parameter.type,
          Tier: parameter.tier,
          ...(parameter.keyId !== undefined && { KeyId: parameter.keyId }),
          ...(parameter.description !== undefined && { Description: parameter.description }),
          Version: parameter.values.at(-1)?.version,
          LastModifiedDate: (parameter.values.at(-1)?.at ?? 0) / 1000,
        })),
        ...(nextToken !== undefined && { NextToken: nextToken }),
      };
    },
    DeleteParameter(input) {
      const { name } = existing(requiredText(input, 'Name'));
      remove(name);
    },
    DeleteParameters(input) {
      const names = textList(input, 'Names');
      const deleted = names.filter(remove);
      return {
        DeletedParameters: deleted,
        InvalidParameters: names.filter((name) => !deleted.includes(name)),
      };
    },
  };
}

function checkedName(name: string): string {
  const wellFormed =
    /^[\w./-]+$/.test(name) && !name.endsWith('/') && (!name.includes('/') || name.startsWith('/'));
  if (!wellFormed || name.split('/').length - 1 > MAXIMUM_LEVELS) {
    throw validationError(
      `"${name}" is not a parameter name: letters, digits and .-_ in at most ${MAXIMUM_LEVELS} levels, with a leading slash when there is more than one.`,
    );
  }
  if (/^\/?(aws|ssm)(\/|$)/i.test(name))
    throw new AwsError('AccessDeniedException', `No access to reserved parameter name: ${name}.`);
  return name;
}

function checkValue(value: string, tier: string, allowedPattern: string | undefined): void {
  const limit = tier === 'Standard' ? STANDARD_VALUE_BYTES : ADVANCED_VALUE_BYTES;
  if (Buffer.byteLength(value) > limit) {
    throw validationError(`A ${tier} tier parameter has a value of at most ${limit} bytes.`);
  }
  if (allowedPattern !== undefined && !new RegExp(allowedPattern).test(value)) {
    throw new AwsError(
      'ParameterPatternMismatchException',
      `The value doesn't match the pattern ${allowedPattern}.`,
    );
  }
}

function arnOf(context: AwsContext, name: string): string {
  const path = name.startsWith('/') ? name : `/${name}`;
  return `arn:aws:ssm:${context.region}:${context.accountId}:parameter${path}`;
}

/** The parameter's ARN is the encryption context of its value, as in AWS. */
async function sealed(context: AwsContext, name: string, keyId: string, value: string): Promise<string> {
  const { CiphertextBlob } = (await context.services.get('kms').handle(
    'Encrypt',
    {
      KeyId: keyId,
      Plaintext: Buffer.from(value).toString('base64'),
      EncryptionContext: { PARAMETER_ARN: arnOf(context, name) },
    },
    rootCaller(context),
  )) as { CiphertextBlob: string };
  return CiphertextBlob;
}

async function opened(context: AwsContext, name: string, stored: string): Promise<string> {
  const { Plaintext } = (await context.services
    .get('kms')
    .handle(
      'Decrypt',
      { CiphertextBlob: stored, EncryptionContext: { PARAMETER_ARN: arnOf(context, name) } },
      rootCaller(context),
    )) as { Plaintext: string };
  return Buffer.from(Plaintext, 'base64').toString('utf8');
}
