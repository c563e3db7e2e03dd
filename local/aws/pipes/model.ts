/** A pipe as data, in the members of its API. */

export interface BatchParameters {
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
}

export interface StreamParameters extends BatchParameters {
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly OnPartialBatchItemFailure?: string;
  readonly MaximumRecordAgeInSeconds?: number;
  readonly MaximumRetryAttempts?: number;
  readonly ParallelizationFactor?: number;
  readonly StartingPosition?: string;
  readonly StartingPositionTimestamp?: number | Date;
}

export interface SourceParameters {
  readonly FilterCriteria?: { readonly Filters?: readonly { readonly Pattern?: string }[] };
  readonly SqsQueueParameters?: BatchParameters;
  readonly KinesisStreamParameters?: StreamParameters;
  readonly DynamoDBStreamParameters?: StreamParameters;
}

export interface TargetParameters {
  readonly InputTemplate?: string;
  readonly LambdaFunctionParameters?: { readonly InvocationType?: string };
  readonly StepFunctionStateMachineParameters?: { readonly InvocationType?: string };
  readonly KinesisStreamParameters?: { readonly PartitionKey?: string };
  readonly SqsQueueParameters?: {
    readonly MessageGroupId?: string;
    readonly MessageDeduplicationId?: string;
  };
  readonly EventBridgeEventBusParameters?: {
    readonly DetailType?: string;
    readonly Source?: string;
    readonly Resources?: readonly string[];
    readonly Time?: string;
  };
  readonly CloudWatchLogsParameters?: { readonly LogStreamName?: string; readonly Timestamp?: string };
}

export interface Pipe {
  readonly Name: string;
  readonly Arn: string;
  readonly Description: string;
  readonly DesiredState: 'RUNNING' | 'STOPPED';
  readonly Source: string;
  readonly SourceParameters: SourceParameters;
  readonly Enrichment: string | undefined;
  readonly EnrichmentParameters: { readonly InputTemplate?: string };
  readonly Target: string;
  readonly TargetParameters: TargetParameters;
  readonly RoleArn: string;
  readonly Tags: Readonly<Record<string, string>>;
  readonly LogConfiguration: unknown;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}
