/** The actions on functions: made, changed, listed, removed, and their tags. */
import { createHash } from 'node:crypto';

import { AwsError } from '../errors.ts';
import { page } from '../paging.ts';
import {
  invalid,
  optional,
  optionalNumber,
  optionalText,
  PAGE_SIZE,
  reference,
  text,
  type Action,
  type ActionEnvironment,
  type ActionInput,
} from './action-input.ts';
import type { FunctionConfiguration, FunctionProps } from './function-configuration.ts';
import { describeFunction } from './function-description.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: an uploaded archive. */
const ARCHIVE_BYTES = 50 * 1024 * 1024;
const CONCURRENCY = { minimum: 0, maximum: 1_000_000 };

/** A directory of this machine is what templates of a local run give; archives come over the wire. */
interface Code {
  readonly LocalDirectory?: string;
  /** Base64, or bytes within this process. */
  readonly ZipFile?: string | Uint8Array;
  readonly S3Bucket?: string;
  readonly S3Key?: string;
  readonly ImageUri?: string;
}

export const FUNCTION_ACTIONS: Readonly<Record<string, Action>> = {
  async CreateFunction(environment, input) {
    const { service, functions } = environment;
    const functionName = text(input, 'FunctionName').replace(/^.*:function:/, '');
    const configuration = service.createFunction({
      functionName,
      handler: text(input, 'Handler'),
      ...(await codeOf(environment, functionName, input['Code'] ?? {})),
      ...settingsOf(input),
      ...optional('tags', input['Tags'] as Record<string, string> | undefined),
    });
    if (input['Publish'] === true) service.publishVersion(configuration.functionName);
    return describeFunction(functions.find(configuration.functionName).entry);
  },
  UpdateFunctionConfiguration({ service, functions }, input) {
    const name = nameOf(service.getFunction(text(input, 'FunctionName')));
    service.updateFunction(name, {
      ...settingsOf(input),
      ...optional('handler', optionalText(input, 'Handler')),
    });
    return describeFunction(functions.find(name).entry);
  },
  async UpdateFunctionCode(environment, input) {
    const { service, functions } = environment;
    const name = nameOf(service.getFunction(text(input, 'FunctionName')));
    const code = await codeOf(environment, name, input);
    if (input['DryRun'] !== true) service.updateFunction(name, code);
    if (input['Publish'] === true) service.publishVersion(name);
    return describeFunction(functions.find(name).entry);
  },
  async DeleteFunction({ service }, input) {
    await service.deleteFunction(text(input, 'FunctionName'));
    return {};
  },
  GetFunction({ functions }, input) {
    const { entry, version, qualifier } = functions.find(reference(input));
    const { configuration } = entry.runner;
    return {
      Configuration: describeFunction(entry, version, { qualifiedArn: qualifier !== undefined }),
      Code: { RepositoryType: 'S3', Location: `file://${configuration.codeDirectory}` },
      Tags: configuration.props.tags ?? {},
      ...(configuration.reservedConcurrency !== undefined && {
        Concurrency: { ReservedConcurrentExecutions: configuration.reservedConcurrency },
      }),
    };
  },
  GetFunctionConfiguration({ functions }, input) {
    const { entry, version, qualifier } = functions.find(reference(input));
    return describeFunction(entry, version, { qualifiedArn: qualifier !== undefined });
  },
  ListFunctions({ functions }, input) {
    const { items, next } = page(functions.all(), {
      size: optionalNumber(input, 'MaxItems', { minimum: 1, maximum: 10_000 }) ?? PAGE_SIZE,
      token: optionalText(input, 'Marker'),
      invalidToken: () => invalid('Invalid marker'),
    });
    return {
      Functions: items.map((entry) => describeFunction(entry, '$LATEST')),
      ...optional('NextMarker', next.NextToken),
    };
  },
  PutFunctionConcurrency({ service }, input) {
    const reserved = optionalNumber(input, 'ReservedConcurrentExecutions', CONCURRENCY);
    if (reserved === undefined) throw invalid('ReservedConcurrentExecutions is required.');
    service.putFunctionConcurrency(text(input, 'FunctionName'), reserved);
    return { ReservedConcurrentExecutions: reserved };
  },
  GetFunctionConcurrency({ service }, input) {
    const { reservedConcurrency } = service.getFunction(text(input, 'FunctionName'));
    return optional('ReservedConcurrentExecutions', reservedConcurrency);
  },
  DeleteFunctionConcurrency({ service }, input) {
    service.putFunctionConcurrency(text(input, 'FunctionName'), undefined);
    return {};
  },
  TagResource({ service }, input) {
    const { functionName, props } = service.getFunction(text(input, 'Resource'));
    service.updateFunction(functionName, {
      tags: { ...props.tags, ...(input['Tags'] as Record<string, string> | undefined) },
    });
    return {};
  },
  UntagResource({ service }, input) {
    const { functionName, props } = service.getFunction(text(input, 'Resource'));
    const keys = [input['TagKeys'] ?? input['tagKeys']].flat();
    service.updateFunction(functionName, {
      tags: Object.fromEntries(Object.entries(props.tags ?? {}).filter(([key]) => !keys.includes(key))),
    });
    return {};
  },
  ListTags({ service }, input) {
    return { Tags: service.getFunction(text(input, 'Resource')).props.tags ?? {} };
  },
};

function nameOf({ functionName }: FunctionConfiguration): string {
  return functionName;
}

/** lambda/latest/api/API_CreateFunction.html, Role */
const ROLE = 'arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+';

function roleOf(input: ActionInput): string | undefined {
  const role = optionalText(input, 'Role');
  if (role === undefined || new RegExp(`^${ROLE}$`).test(role)) return role;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${role}' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: ${ROLE}`,
  );
}

function settingsOf(input: ActionInput): Partial<FunctionProps> {
  const environment = input['Environment'] as { readonly Variables?: Record<string, string> } | undefined;
  const deadLetter = input['DeadLetterConfig'] as { readonly TargetArn?: string } | undefined;
  const logging = (input['LoggingConfig'] ?? {}) as {
    readonly LogGroup?: string;
    readonly LogFormat?: 'Text' | 'JSON';
    readonly ApplicationLogLevel?: string;
    readonly SystemLogLevel?: string;
  };
  return {
    ...optional('runtime', optionalText(input, 'Runtime')),
    ...optional('roleArn', roleOf(input)),
    ...optional('description', input['Description'] as string | undefined),
    ...optional('timeoutSeconds', input['Timeout'] as number | undefined),
    ...optional('memoryMegabytes', input['MemorySize'] as number | undefined),
    ...optional('environment', environment?.Variables),
    ...optional('deadLetterTargetArn', deadLetter?.TargetArn),
    ...optional('logGroupName', logging.LogGroup),
    ...optional('logFormat', logging.LogFormat),
    ...optional('applicationLogLevel', logging.ApplicationLogLevel),
    ...optional('systemLogLevel', logging.SystemLogLevel),
  };
}

async function codeOf(
  environment: ActionEnvironment,
  functionName: string,
  code: Code,
): Promise<{ readonly codeDirectory: string; readonly codeSha256?: string }> {
  if (code.LocalDirectory !== undefined) return { codeDirectory: code.LocalDirectory };
  if (code.ImageUri !== undefined) {
    throw invalid('The embedded Lambda does not run container images: give the code as a ZIP archive.');
  }
  const archive = await archiveOf(environment, code);
  if (archive.length > ARCHIVE_BYTES) {
    throw new AwsError(
      'RequestTooLargeException',
      `Unzipped size must be smaller than ${ARCHIVE_BYTES} bytes`,
      413,
    );
  }
  return {
    codeDirectory: environment.code.unpack(functionName, archive),
    codeSha256: createHash('sha256').update(archive).digest('base64'),
  };
}

async function archiveOf({ context }: ActionEnvironment, code: Code): Promise<Buffer> {
  if (typeof code.ZipFile === 'string') return Buffer.from(code.ZipFile, 'base64');
  if (code.ZipFile !== undefined) return Buffer.from(code.ZipFile);
  if (code.S3Bucket === undefined || code.S3Key === undefined) {
    throw invalid('Please provide a source for function code.');
  }
  const s3 = context.services.find('s3');
  if (!s3) throw invalid(`No S3 runs here to get ${code.S3Key} from`);
  try {
    return await s3.readObject(code.S3Bucket, code.S3Key);
  } catch (thrown) {
    throw invalid(
      `Error occurred while GetObject. S3 Error Message: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  }
}
