# bash completion for oncehub-mcp

_oncehub_mcp() {
    local rest=${COMP_LINE:0:COMP_POINT} words=() last=-1 i word blanks found
    # Bash parts words at = and :, which are inside of ours.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        blanks=${rest%%[![:space:]]*}
        rest=${rest#"$blanks"}
        word=${COMP_WORDS[i]}
        ((i < COMP_CWORD)) || word=$rest
        if [[ $i -eq 0 || -n $blanks ]]; then
            last=$((last + 1))
            words[last]=$word
        else
            words[last]+=$word
        fi
        rest=${rest#"$word"}
    done
    found=$(_CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$last ONCEHUB_MCP_COMPLETE=bash oncehub-mcp -- "${words[@]}" 2>/dev/null) ||
        return
    COMPREPLY=()
    while IFS= read -r word; do
        # It wants only what follows the last such sign.
        [[ -z $word ]] || COMPREPLY+=("${word#"${words[last]%"$2"}"}")
    done <<<"$found"
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -o bashdefault -F _oncehub_mcp oncehub-mcp
