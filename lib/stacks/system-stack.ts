/** What the stack of a system gets from the shared ones. */
import type { DatabaseConnection, MessageBus, MessagingKey } from '../constructs/index.ts';
import type { EnvironmentStackProps } from './environment-stack.ts';

export interface SystemStackProps extends EnvironmentStackProps {
  /** For `encryptionKey`. */
  readonly key: MessagingKey;
  /** Events that cross services. */
  readonly bus: MessageBus;
  /** For `database`. */
  readonly database: DatabaseConnection;
}
