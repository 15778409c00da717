/** A file and its path relative to the dropped or selected folder. */
export interface DroppedFile {
  file: File;
  path: string;
}

/** List the files of a drop, including those in folders. The entries must be read before the first await. */
export async function droppedFiles(transfer: DataTransfer): Promise<DroppedFile[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry != null);
  if (!entries.length) return selectedFiles(transfer.files);
  return (await Promise.all(entries.map((entry) => filesOf(entry)))).flat();
}

/** Files of a file dialog or a drop without folders. */
export const selectedFiles = (files: Iterable<File>): DroppedFile[] =>
  [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));

/** List the files of an entry, recursively. */
async function filesOf(entry: FileSystemEntry): Promise<DroppedFile[]> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ file, path }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: DroppedFile[] = [];
  for (;;) {
    // a reader returns at most 100 entries at a time
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return files;
    files.push(...(await Promise.all(entries.map((each) => filesOf(each)))).flat());
  }
}
