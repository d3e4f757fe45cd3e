/** Shells with completion. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Hidden command that the scripts call with the words of the line. */
export const COMPLETE = '__complete';

/**
 * Scripts by shell. They hand the words over as arguments: nothing of the line is evaluated. Where the command knows no word,
 * the shell completes names of files.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of oslo-rpc for bash. In ~/.bashrc: source <(oslo-rpc completion bash)
_oslo_rpc() {
  local value _description
  COMPREPLY=()
  while IFS=$'\\t' read -r value _description; do
    COMPREPLY+=("$value")
  done < <(oslo-rpc ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _oslo_rpc oslo-rpc
`,
  zsh: `#compdef oslo-rpc
# Completion of oslo-rpc for zsh. In ~/.zshrc, after compinit: source <(oslo-rpc completion zsh)
_oslo_rpc() {
  local value description
  local -a found
  while IFS=$'\\t' read -r value description; do
    found+=("\${value//:/\\\\:}:$description")
  done < <(oslo-rpc ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then
    _describe 'oslo-rpc' found
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _oslo_rpc ]]; then
  _oslo_rpc "$@"
else
  compdef _oslo_rpc oslo-rpc
fi
`,
  fish: `# Completion of oslo-rpc for fish. In ~/.config/fish/config.fish: oslo-rpc completion fish | source
function __oslo_rpc_knows
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -g __oslo_rpc_words (oslo-rpc ${COMPLETE} $words[2..-1] "$typed" 2>/dev/null)
    test (count $__oslo_rpc_words) -gt 0
end
complete -c oslo-rpc -n __oslo_rpc_knows -f -a '(string join \\n $__oslo_rpc_words)'
`,
};
