/** The template and the parameters of a request. */
import { parseYaml } from '../../assembly/yaml.ts';
import type { Stack } from '../../assembly/stack.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Template } from '../../../lib/assembly/template.ts';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import { locationOfUrl } from './assets.ts';
import { flag, list, optionalText, validationError } from './input.ts';

export interface TemplateSource {
  readonly body: string;
  readonly template: Template;
}

/** Bytes. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MAXIMUM_BODY_BYTES = 51_200;
const MAXIMUM_TEMPLATE_BYTES = 1_048_576;
const IAM_TYPES = /^AWS::IAM::/;
const NAMED_IAM: Readonly<Record<string, string>> = {
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::User': 'UserName',
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
};

/** @throws AwsError ValidationError */
export async function templateOf(
  context: AwsContext,
  input: Input,
  stack: Stack | undefined,
): Promise<TemplateSource> {
  const body = optionalText(input, 'TemplateBody');
  const url = optionalText(input, 'TemplateURL');
  if (flag(input, 'UsePreviousTemplate') && stack !== undefined) {
    return { body: stack.templateBody, template: stack.template };
  }
  if (body !== undefined) {
    if (Buffer.byteLength(body) > MAXIMUM_BODY_BYTES) {
      throw validationError(
        `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${MAXIMUM_BODY_BYTES}`,
      );
    }
    return { body, template: parseTemplate(body) };
  }
  if (url === undefined) throw validationError('Either Template URL or Template Body must be specified.');
  const location = locationOfUrl(url);
  const s3 = context.services.find('s3');
  if (location === undefined || s3 === undefined) {
    throw validationError('TemplateURL must be a supported URL.');
  }
  let bytes: Buffer;
  try {
    bytes = await s3.readObject(location.bucket, location.key);
  } catch (error) {
    throw validationError(`S3 error: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (bytes.length > MAXIMUM_TEMPLATE_BYTES) {
    throw validationError(`Template may not exceed ${MAXIMUM_TEMPLATE_BYTES} bytes in size.`);
  }
  const text = bytes.toString('utf8');
  return { body: text, template: parseTemplate(text) };
}

/** JSON or YAML. @throws AwsError ValidationError */
export function parseTemplate(body: string): Template {
  let parsed: unknown;
  try {
    parsed = body.trimStart().startsWith('{') ? JSON.parse(body) : parseYaml(body);
  } catch (error) {
    throw validationError(`Template format error: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isJsonObject(parsed)) throw validationError('Template format error: unsupported structure.');
  const template: Template = parsed;
  const resources = Object.entries(template.Resources ?? {});
  if (resources.length === 0) {
    throw validationError('Template format error: At least one Resources member must be defined.');
  }
  const untyped = resources.find(([, resource]) => typeof resource.Type !== 'string');
  if (untyped) {
    throw validationError(
      `Template format error: [/Resources/${untyped[0]}] Every Resources object must contain a Type member.`,
    );
  }
  return template;
}

/** The given values, previous ones where the request says so. @throws AwsError ValidationError */
export function parametersOf(
  input: Input,
  template: Template,
  stack: Stack | undefined,
): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const parameter of list(input, 'Parameters')) {
    const name = optionalText(parameter, 'ParameterKey') ?? '';
    const value = flag(parameter, 'UsePreviousValue')
      ? stack?.parameters[name]
      : optionalText(parameter, 'ParameterValue');
    if (value !== undefined) values[name] = value;
  }
  const declared = template.Parameters ?? {};
  const unknown = Object.keys(values).filter((name) => declared[name] === undefined);
  if (unknown.length > 0) {
    throw validationError(`Parameters: [${unknown.join(', ')}] do not exist in the template`);
  }
  const missing = Object.keys(declared).filter(
    (name) => values[name] === undefined && declared[name]?.Default === undefined,
  );
  if (missing.length > 0) throw validationError(`Parameters: [${missing.join(', ')}] must have values`);
  return values;
}

/** What a caller must acknowledge. */
export function neededCapabilities(template: Template): readonly string[] {
  const resources = Object.values(template.Resources ?? {});
  const iam = resources.filter(({ Type }) => IAM_TYPES.test(Type));
  if (iam.length === 0) return [];
  const named = iam.some(({ Type, Properties }) => Properties?.[NAMED_IAM[Type] ?? ''] !== undefined);
  return [named ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'];
}

/** @throws AwsError InsufficientCapabilitiesException */
export function checkCapabilities(input: Input, template: Template): readonly string[] {
  const given = Array.isArray(input['Capabilities']) ? (input['Capabilities'] as string[]) : [];
  const [needed] = neededCapabilities(template);
  const enough =
    needed === undefined ||
    given.includes(needed) ||
    (needed === 'CAPABILITY_IAM' && given.includes('CAPABILITY_NAMED_IAM'));
  if (!enough) {
    throw new AwsError('InsufficientCapabilitiesException', `Requires capabilities : [${needed}]`);
  }
  return given;
}
