export { OsloExplorerModule } from './explorer.module.js';
export type {
  OsloExplorerAsyncOptions,
  OsloExplorerOptions,
  OsloExplorerPlace,
  OsloExplorerSettings,
} from './options.js';
